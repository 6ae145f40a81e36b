#!/usr/bin/env python3
"""scripts/example_chain.py: writes examples/chain.csv, an option chain whose true surface is known.

Usage: scripts/example_chain.py > examples/chain.csv
The model is a surface SVI (Gatheral and Jacquier, "Arbitrage-free SVI volatility surfaces", 2014, section 4): total variance at
log-moneyness k and time T is

    w(k, T) = theta / 2 (1 + rho phi k + sqrt((phi k + rho)^2 + 1 - rho^2)),  theta = 0.25^2 T,  phi = 1 / sqrt(theta (1 + theta)),  rho = -0.4

free of butterfly and calendar arbitrage because phi is eta / (theta^gamma (1 + theta)^(1 - gamma)) with gamma = 1/2 and eta (1 + |rho|) <= 2. Spot
and forward are 100: interest and dividends are 0, so American options are worth what European ones are. T is calendar time from Monday 2026-01-05
15:45 in New York to 16:00 on the day of expiry, over 365 days. Bid and ask lie 1 % of the price and 2 cents, or more, around the price of Black (1976),
rounded outwards to cents; a bid that rounds to 0 is none.
"""
import math

SPOT = 100.0
VOLATILITY = 0.25
RHO = -0.4
EXPIRIES = (("2026-01-16", 11), ("2026-02-20", 46), ("2026-06-18", 164))  # and the days to it
MINUTES = 15  # from as-of to the close, beside the days; on 2026-06-18 New York has summer time: an hour less
STRIKES = [60, 65, 70, 75, 80, 85, 87.5, 90, 92.5, 95, 97.5, 100, 102.5, 105, 107.5, 110, 112.5, 115, 120, 125, 130, 135, 140]


def total_variance(k, years):
    theta = VOLATILITY**2 * years
    phi = 1 / math.sqrt(theta * (1 + theta))
    return theta / 2 * (1 + RHO * phi * k + math.sqrt((phi * k + RHO) ** 2 + 1 - RHO**2))


def normal(x):
    return math.erfc(-x / math.sqrt(2)) / 2


def price(kind, strike, years):
    s = math.sqrt(total_variance(math.log(strike / SPOT), years))
    d1 = math.log(SPOT / strike) / s + s / 2
    sign = 1 if kind == "call" else -1
    return sign * (SPOT * normal(sign * d1) - strike * normal(sign * (d1 - s)))


print("ticker,as_of,spot,expiry,type,strike,bid,ask,volume,open_interest")
for expiry, days in EXPIRIES:
    summer = expiry > "2026-03-08"
    years = (days * 24 * 60 + MINUTES - (60 if summer else 0)) / (365 * 24 * 60)
    for strike in STRIKES:
        for kind in ("call", "put"):
            value = price(kind, strike, years)
            half = 0.02 + 0.01 * value
            bid = max(0, math.floor((value - half) * 100 + 1e-9))
            ask = math.ceil((value + half) * 100 - 1e-9)
            interest = round(4000 * math.exp(-abs(strike - SPOT) / 12))
            print(f"QRN,2026-01-05 15:45,{SPOT:g},{expiry},{kind},{strike:g},{bid / 100:.2f},{ask / 100:.2f},{interest // 9},{interest}")
