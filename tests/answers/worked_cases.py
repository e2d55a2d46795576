"""Further cases of the bar semantics, worked by hand for what the golden cases leave open.

The notation and the base set-up are those of `case_form`: half of 100,000, whole shares, free. The comment before each
case is its arithmetic.
"""

from __future__ import annotations

import math
from datetime import date

from investiq.execution.costs import MarketImpact, PerShareFees
from investiq.execution.scenario import Dividend, Split
from tests.answers.case_form import WEEKEND, GoldenCase, case

__all__ = ["WORKED_CASES"]

INF = math.inf
FLAT = "100/101/99/100"
TURN_OF_MONTH = (date(2024, 1, 30), date(2024, 1, 31), date(2024, 2, 1), date(2024, 2, 2))


def flat(count: int) -> str:
    """Return `count` bars of 100/101/99/100."""
    return " ; ".join([FLAT] * count)


FEES_AND_PRICES: tuple[GoldenCase, ...] = (
    # Entry 100 x 0.015 = 1.50. Exit: 5 % of 800 is 40 shares, 0.60 raised to 1.00; the order's 100 shares owe 1.50 in all,
    # so the other 60 pay 0.50. Cash 100,000 - 10,000 - 1.50; + 4,000 - 1.00; + 6,000 - 0.50.
    case(
        "W-01",
        "a minimum fee counts once over the partial fills of an order",
        bars=f"{FLAT}/99999 ; {FLAT}/99999 ; {FLAT}/800 ; {FLAT}/99999",
        signals="b0 buy, b1 sell",
        fills="b1 BUY 100 @ 100 fee 1.50 [signal]; b2 SELL 40 @ 100 fee 1.00 [signal]; "
        "b3 SELL 60 @ 100 fee 0.50 [signal_carried]",
        cash="100,000.00 , 89,998.50 , 93,997.50 , 99,997.00",
        equity="100,000.00 , 99,998.50 , 99,997.50 , 99,997.00",
        weight=0.1,
        max_volume_participation=0.05,
        per_share=PerShareFees(tiers=((INF, 0.015),), minimum_usd=1.0),
    ),
    # Entry 0.000575 x 100 = 0.0575. Exit: 40 shares owe 0.023, posted as 0.02; 60 more add 0.0345, posted as 0.03. What the first
    # rounding left out is not asked for again: 0.0575 - 0.02 would be 0.04.
    case(
        "W-75",
        "each fill posts its own increment of the fee of its order",
        bars=f"{FLAT}/99999 ; {FLAT}/99999 ; {FLAT}/800 ; {FLAT}/99999",
        signals="b0 buy, b1 sell",
        fills="b1 BUY 100 @ 100 fee 0.06 [signal]; b2 SELL 40 @ 100 fee 0.02 [signal]; "
        "b3 SELL 60 @ 100 fee 0.03 [signal_carried]",
        cash="100,000.00 , 89,999.94 , 93,999.92 , 99,999.89",
        equity="100,000.00 , 99,999.94 , 99,999.92 , 99,999.89",
        weight=0.1,
        max_volume_participation=0.05,
        per_share=PerShareFees(tiers=((INF, 0.000575),), minimum_usd=0.0),
    ),
    # 110 x 500 = 55,000: 55.00 of commission and 11.00 of the regulatory fee, on the sale alone.
    case(
        "W-02",
        "a regulatory fee is charged on sales",
        bars=f"{FLAT} ; {FLAT} ; 110/111/109/110",
        signals="b0 buy, b1 sell",
        fills="b1 BUY 500 @ 100 fee 50.00 [signal]; b2 SELL 500 @ 110 fee 66.00 [signal]",
        cash="100,000.00 , 49,950.00 , 104,884.00",
        equity="100,000.00 , 99,950.00 , 104,884.00",
        commission_rate=0.001,
        sell_fee_rate=0.0002,
    ),
    # 0.02 x sqrt(10,000 / 1,000,000) = 20 bps of 5.00 are 0.01 a share, on the way in and on the way out.
    case(
        "W-03",
        "square-root impact of 10,000 shares is 20 basis points",
        bars="5/5.1/4.9/5 ; 5/5.1/4.9/5 ; 5/5.1/4.9/5",
        signals="b0 buy, b1 sell",
        fills="b1 BUY 10000 @ 5.01 [signal]; b2 SELL 10000 @ 4.99 [signal]",
        cash="100,000.00 , 49,900.00 , 99,800.00",
        equity="100,000.00 , 99,900.00 , 99,800.00",
        impact=MarketImpact(),
        volatility=0.02,
        average_volume=1_000_000.0,
    ),
    # 100.02 x 1.01 = 101.0202 is bought at 101.05; 100.02 x 0.99 = 99.0198 is sold at 99.00.
    case(
        "W-04",
        "fill prices are rounded to the tick against the trader",
        bars=f"{FLAT} ; 100.02/101/99/100 ; 100.02/101/99/100",
        signals="b0 buy, b1 sell",
        fills="b1 BUY 500 @ 101.05 [signal]; b2 SELL 500 @ 99 [signal]",
        cash="100,000.00 , 49,475.00 , 98,975.00",
        equity="100,000.00 , 99,475.00 , 98,975.00",
        slippage_bps=100,
        tick_size=0.05,
    ),
    # 101.05 x 0.95 = 95.9975, the level 96.00, touched by a low of 96; 96 x 0.99 = 95.04 is sold at 95.00.
    case(
        "W-05",
        "levels are rounded to the tick",
        bars=f"{FLAT} ; 100.02/101/99/100 ; 97/98/96/97",
        signals="b0 buy",
        fills="b1 BUY 500 @ 101.05 [signal]; b2 SELL 500 @ 95 [stop]",
        cash="100,000.00 , 49,475.00 , 96,975.00",
        equity="100,000.00 , 99,475.00 , 96,975.00",
        slippage_bps=100,
        tick_size=0.05,
        stop_loss=0.05,
    ),
    # The target of 101 x 1.10 = 111.10 less 1 % is 109.989; 500 x 109.989 = 54,994.50.
    case(
        "W-06",
        "targets can pay slippage",
        bars=f"{FLAT} ; 100/102/99/101 ; 105/112/104/110",
        signals="b0 buy",
        fills="b1 BUY 500 @ 101 [signal]; b2 SELL 500 @ 109.989 [target]",
        cash="100,000.00 , 49,500.00 , 104,494.50",
        equity="100,000.00 , 100,000.00 , 104,494.50",
        take_profit=0.10,
        slippage_bps=100,
        target_slippage=True,
    ),
    # 98 x 0.98 = 96.04, but not below the limit of 97. 148,500 - 500 x 98 = 99,500.
    case(
        "W-07",
        "slippage does not cross the limit of a stop-limit order",
        bars=f"{FLAT} ; 100/101/97.5/98",
        signals="b0 sell (stop 98, limit 97)",
        fills="b1 SHORT 500 @ 97 [stop_entry]",
        cash="100,000.00 , 148,500.00",
        equity="100,000.00 , 99,500.00",
        allow_short=True,
        slippage_bps=200,
    ),
)

LEVELS: tuple[GoldenCase, ...] = (
    # The range known when the open of bar 1 traded is 2: stop at 100 - 2 x 2 = 96. That of bar 1 would give 94.
    case(
        "W-11",
        "an ATR stop stands off the fill by the range of the bar before",
        bars=f"{FLAT} ; {FLAT} ; 99/100/96/97",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b2 SELL 500 @ 96 [stop]",
        cash="100,000.00 , 50,000.00 , 98,000.00",
        equity="100,000.00 , 100,000.00 , 98,000.00",
        atr_stop=2.0,
        atr="2 ; 3 ; 3",
    ),
    # 100 + 3 x 2 = 106.
    case(
        "W-12",
        "an ATR target",
        bars=f"{FLAT} ; {FLAT} ; 104/106.5/103/105",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b2 SELL 500 @ 106 [target]",
        cash="100,000.00 , 50,000.00 , 103,000.00",
        equity="100,000.00 , 100,000.00 , 103,000.00",
        atr_target=3.0,
        atr="2 ; 3 ; 3",
    ),
    # No range yet: 5 %, so 95.
    case(
        "W-13",
        "an ATR stop without a range stands 5 % off",
        bars=f"{FLAT} ; {FLAT} ; 99/100/95/97",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b2 SELL 500 @ 95 [stop]",
        cash="100,000.00 , 50,000.00 , 97,500.00",
        equity="100,000.00 , 100,000.00 , 97,500.00",
        log="b1 range unknown: level at 5%",
        atr_stop=2.0,
        atr="none ; none ; none",
    ),
    # Extremes and levels at the closes: 101 - 4 = 97; 106 - 4 = 102; 107 - 8 = 99, not below 102.
    case(
        "W-14",
        "an ATR trail never loosens",
        bars=f"{FLAT} ; {FLAT} ; 102/106/101/105 ; 105/107/103/104 ; 103/104/102/103",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b4 SELL 500 @ 102 [trail]",
        cash="100,000.00 , 50,000.00 , 50,000.00 , 50,000.00 , 101,000.00",
        equity="100,000.00 , 100,000.00 , 102,500.00 , 102,000.00 , 101,000.00",
        atr_trail=2.0,
        atr="2 ; 2 ; 2 ; 4 ; 4",
    ),
    # GC-28 with the extreme at the fill through the entry bar: 119 x 0.95 = 113.05; 500 x 113.05 = 56,525.
    case(
        "W-15",
        "the entry bar can be left out of the trail",
        bars=f"{FLAT} ; 100/120/99/118 ; 118/119/115/116 ; 115/116/113/115",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b3 SELL 500 @ 113.05 [trail]",
        cash="100,000.00 , 50,000.00 , 50,000.00 , 106,525.00",
        equity="100,000.00 , 109,000.00 , 108,000.00 , 106,525.00",
        trailing_stop=0.05,
        trail_entry_bar=False,
    ),
    # GC-20 with the stop of 95 inside the bar before the open beyond the target.
    case(
        "W-16",
        "a stop inside the bar can beat an open beyond the target",
        bars=f"{FLAT} ; {FLAT} ; 108/109/90/95",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b2 SELL 500 @ 95 [stop]",
        cash="100,000.00 , 50,000.00 , 97,500.00",
        equity="100,000.00 , 100,000.00 , 97,500.00",
        stop_loss=0.05,
        take_profit=0.05,
        open_beyond_target="stop_first",
    ),
    # GC-21, and the stop of 95 fires in the bar after. 50,000 + 500 x 96 = 98,000.
    case(
        "W-17",
        "levels can act from the bar after the entry",
        bars=f"{FLAT} ; 100/103/94/96 ; 96/97/94/95",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b2 SELL 500 @ 95 [stop]",
        cash="100,000.00 , 50,000.00 , 97,500.00",
        equity="100,000.00 , 98,000.00 , 97,500.00",
        stop_loss=0.05,
        stop_from="next_bar",
    ),
    case(
        "W-18",
        "a level met inside the bar can beat the signal exit due at its open",
        bars=f"{FLAT} ; {FLAT} ; 99/100/94/96",
        signals="b0 buy, b1 sell",
        fills="b1 BUY 500 @ 100 [signal]; b2 SELL 500 @ 95 [stop]",
        cash="100,000.00 , 50,000.00 , 97,500.00",
        equity="100,000.00 , 100,000.00 , 97,500.00",
        log="b2 exit order cancelled: already flat",
        stop_loss=0.05,
        level_order="levels_first",
    ),
    case(
        "W-19",
        "of two levels inside one bar the target can be taken, for a bound",
        bars=f"{FLAT} ; {FLAT} ; 100/107/94/103",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b2 SELL 500 @ 105 [target]",
        cash="100,000.00 , 50,000.00 , 102,500.00",
        equity="100,000.00 , 100,000.00 , 102,500.00",
        stop_loss=0.05,
        take_profit=0.05,
        both_inside="target",
    ),
    case(
        "W-20",
        "a gap beyond the target can fill at the target",
        bars=f"{FLAT} ; {FLAT} ; 115/116/112/113",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b2 SELL 500 @ 110 [target_gap]",
        cash="100,000.00 , 50,000.00 , 105,000.00",
        equity="100,000.00 , 100,000.00 , 105,000.00",
        take_profit=0.10,
        limit_gap="limit",
    ),
    # 51,000 + 500 x 96 = 99,000.
    case(
        "W-21",
        "a gap beyond a limit can fill at the limit",
        bars=f"{FLAT} ; 96/97/95/96",
        signals="b0 buy (limit 98)",
        fills="b1 BUY 500 @ 98 [limit_gap]",
        cash="100,000.00 , 51,000.00",
        equity="100,000.00 , 99,000.00",
        limit_gap="limit",
    ),
    case(
        "W-22",
        "touch fills a target that is only reached",
        bars=f"{FLAT} ; {FLAT} ; 105/125/104/108",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b2 SELL 500 @ 125 [target]",
        cash="100,000.00 , 50,000.00 , 112,500.00",
        equity="100,000.00 , 100,000.00 , 112,500.00",
        take_profit=0.25,
        limit_fill="touch",
    ),
    # Entered in bar 1, sold at the open of bar 3: 500 x 103.
    case(
        "W-23",
        "a position is sold a number of bars after its entry",
        bars=f"{flat(3)} ; 103/104/102/103",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b3 SELL 500 @ 103 [time]",
        cash="100,000.00 , 50,000.00 , 50,000.00 , 101,500.00",
        equity="100,000.00 , 100,000.00 , 100,000.00 , 101,500.00",
        hold_bars=2,
    ),
    case(
        "W-24",
        "a resting sell stop is a stop of the position",
        bars=f"{FLAT} ; {FLAT} ; 99/100/95/97",
        signals="b0 buy, b1 sell (stop 96)",
        fills="b1 BUY 500 @ 100 [signal]; b2 SELL 500 @ 96 [stop]",
        cash="100,000.00 , 50,000.00 , 98,000.00",
        equity="100,000.00 , 100,000.00 , 98,000.00",
    ),
    # Bar 2 opens at 94 beyond the limit of 95.50: from then on a limit, which bar 3 trades through.
    case(
        "W-25",
        "a sell stop-limit gapped beyond its limit is a limit from then on",
        bars=f"{FLAT} ; {FLAT} ; 94/95/93/94 ; 95/96/94/95",
        signals="b0 buy, b1 sell (stop 96, limit 95.5)",
        fills="b1 BUY 500 @ 100 [signal]; b3 SELL 500 @ 95.5 [limit]",
        cash="100,000.00 , 50,000.00 , 50,000.00 , 97,750.00",
        equity="100,000.00 , 100,000.00 , 97,000.00 , 97,750.00",
    ),
    # Triggered inside bar 1 above its limit of 101: no fill there, although the low is 100.
    case(
        "W-26",
        "a stop-limit triggered inside a bar above its limit is a limit from the next bar",
        bars=f"{FLAT} ; 100/103/100/102 ; 102/103/100/101",
        signals="b0 buy (stop 102, limit 101)",
        fills="b2 BUY 500 @ 101 [limit]",
        cash="100,000.00 , 100,000.00 , 49,500.00",
        equity="100,000.00 , 100,000.00 , 100,000.00",
    ),
    case(
        "W-27",
        "an entry that opens beyond its own target is cancelled",
        bars=f"{FLAT} ; 102/103/100/101",
        signals="b0 buy (protected 95/101)",
        cash="100,000.00 , 100,000.00",
        equity="100,000.00 , 100,000.00",
        log="b1 entry cancelled: filled outside its stop and target",
    ),
)

ACCOUNTS: tuple[GoldenCase, ...] = (
    # Half of 89,500 is lost in bar 2; halted for bars 3 and 4; the close of bar 4 resets. 0.5 x 90,000 / 100 = 450. The new peak
    # is 90,000, so that the close of bar 5 does not halt again.
    case(
        "W-31",
        "the circuit breaker is reset after two bars, with a new peak",
        bars=f"A: {FLAT} ; {FLAT} ; 80/81/78/79 ; 80/81/79/80 ; 80/81/79/80 ; 80/81/79/80 | B: {flat(6)}",
        signals="b0 buy A, b2 buy B, b3 buy B, b4 buy B",
        fills="b1 BUY A 500 @ 100 [signal]; b5 BUY B 450 @ 100 [signal]",
        cash="100,000.00 , 50,000.00 , 50,000.00 , 50,000.00 , 50,000.00 , 5,000.00",
        equity="100,000.00 , 100,000.00 , 89,500.00 , 90,000.00 , 90,000.00 , 90,000.00",
        log="b2 circuit breaker: drawdown 10.50%; b3 entry blocked: circuit breaker; "
        "b4 entry blocked: circuit breaker; b4 circuit breaker: reset",
        max_drawdown_halt=0.10,
        halt_reset_bars=2,
    ),
    # 95,000 is a drawdown of exactly 5 %: reset, peak 95,000. 0.5 x 95,000 / 100 = 475. 2,500 + 500 x 80 + 47,500 = 90,000 is
    # 10 % below the old peak, but 5.26 % below the new one.
    case(
        "W-32",
        "the circuit breaker is reset at a recovered drawdown, with a new peak",
        bars=f"A: {FLAT} ; {FLAT} ; 80/81/78/79 ; 88/91/87/90 ; 80/81/79/80 | B: {flat(5)}",
        signals="b0 buy A, b3 buy B",
        fills="b1 BUY A 500 @ 100 [signal]; b4 BUY B 475 @ 100 [signal]",
        cash="100,000.00 , 50,000.00 , 50,000.00 , 50,000.00 , 2,500.00",
        equity="100,000.00 , 100,000.00 , 89,500.00 , 95,000.00 , 90,000.00",
        log="b2 circuit breaker: drawdown 10.50%; b3 circuit breaker: reset",
        max_drawdown_halt=0.10,
        halt_reset_drawdown=0.05,
    ),
    case(
        "W-33",
        "a halt cancels resting entries",
        bars=f"A: {FLAT} ; {FLAT} ; 80/81/78/79 ; 80/81/79/80 | B: {FLAT} ; {FLAT} ; {FLAT} ; 80/81/79/80",
        signals="b0 buy A, b1 buy B (limit 90)",
        fills="b1 BUY A 500 @ 100 [signal]",
        cash="100,000.00 , 50,000.00 , 50,000.00 , 50,000.00",
        equity="100,000.00 , 100,000.00 , 89,500.00 , 90,000.00",
        log="b2 circuit breaker: drawdown 10.50%; b3 entry order cancelled: circuit breaker",
        max_drawdown_halt=0.10,
    ),
    # 200,000 - 1,000 x 160 = 40,000, below 0.30 x 160,000 = 48,000.
    case(
        "W-34",
        "maintenance of a short",
        bars=f"{FLAT} ; {FLAT} ; 150/162/149/160 ; 155/156/150/152",
        signals="b0 sell",
        fills="b1 SHORT 1000 @ 100 [signal]; b3 COVER 1000 @ 155 [margin_call]",
        cash="100,000.00 , 200,000.00 , 200,000.00 , 45,000.00",
        equity="100,000.00 , 100,000.00 , 40,000.00 , 45,000.00",
        log="b2 margin call: equity 40000.00 < 48000.00",
        weight=1.0,
        allow_short=True,
        maintenance_short=0.30,
    ),
    # GC-61 beside a second symbol: refused in bar 3, filled in bar 4. 2 x 28,000 / 100 = 560.
    case(
        "W-35",
        "the bar after a margin call has no entries",
        bars=f"A: {FLAT} ; {FLAT} ; 70/71/64/65 ; 64/66/63/65 ; 65/66/64/65 | B: {flat(5)}",
        signals="b0 buy A, b2 buy B, b3 buy B",
        fills="b1 BUY A 2000 @ 100 [signal]; b3 SELL A 2000 @ 64 [margin_call]; b4 BUY B 560 @ 100 [signal]",
        cash="100,000.00 , -100,000.00 , -100,000.00 , 28,000.00 , -28,000.00",
        equity="100,000.00 , 100,000.00 , 30,000.00 , 28,000.00 , 28,000.00",
        log="b2 margin call: equity 30000.00 < 32500.00; b3 entry blocked: margin call",
        margin=2.0,
        weight=2.0,
        debit_rate=0.0,
        maintenance_long=0.25,
    ),
    # 200,000 - 1,000 x 210 = -10,000; covered at 205.
    case(
        "W-36",
        "equity below zero closes everything and ends all decisions",
        bars=f"{FLAT} ; {FLAT} ; 200/215/199/210 ; 205/206/204/205 ; 205/206/204/205",
        signals="b0 sell, b3 buy",
        fills="b1 SHORT 1000 @ 100 [signal]; b3 COVER 1000 @ 205 [margin_call]",
        cash="100,000.00 , 200,000.00 , 200,000.00 , -5,000.00 , -5,000.00",
        equity="100,000.00 , 100,000.00 , -10,000.00 , -5,000.00 , -5,000.00",
        log="b2 ruin: equity -10000.00; b4 decision dropped: ruin",
        weight=1.0,
        allow_short=True,
    ),
    # 200 at 100, then 0.2 x 100,000 / 100 = 200 more at 110: average 105, stop 94.50. The third buy is one too many.
    # 58,000 + 400 x 110 = 102,000; 400 x 94.50 = 37,800.
    case(
        "W-37",
        "a position of two entries has its stop off the average",
        bars=f"{FLAT} ; {FLAT} ; 110/111/109/110 ; 100/101/94.5/96",
        signals="b0 buy, b1 buy, b2 buy",
        fills="b1 BUY 200 @ 100 [signal]; b2 BUY 200 @ 110 [signal]; b3 SELL 400 @ 94.5 [stop]",
        cash="100,000.00 , 80,000.00 , 58,000.00 , 95,800.00",
        equity="100,000.00 , 100,000.00 , 102,000.00 , 95,800.00",
        weight=0.2,
        max_entries=2,
        stop_loss=0.10,
    ),
    case(
        "W-38",
        "proceeds of a sale can be spent in the next session",
        bars=f"A: {flat(4)} | B: {flat(4)}",
        signals="b0 buy A, b1 sell A, b1 buy B, b2 buy B",
        fills="b1 BUY A 1000 @ 100 [signal]; b2 SELL A 1000 @ 100 [signal]; b3 BUY B 1000 @ 100 [signal]",
        cash="100,000.00 , 0.00 , 100,000.00 , 0.00",
        equity="100,000.00 , 100,000.00 , 100,000.00 , 100,000.00",
        log="b2 entry rejected: buying power",
        weight=1.0,
        settlement="t+1",
    ),
    case(
        "W-39",
        "an order below the minimum is not placed",
        bars=flat(2),
        signals="b0 buy",
        cash="100,000.00 , 100,000.00",
        equity="100,000.00 , 100,000.00",
        log="b1 entry skipped: below minimum notional",
        min_notional=50_000.01,
    ),
    case(
        "W-40",
        "positions held at once are limited",
        bars=f"A: {flat(2)} | B: {flat(2)}",
        signals="b0 buy A, b0 buy B",
        fills="b1 BUY A 500 @ 100 [signal]",
        cash="100,000.00 , 50,000.00",
        equity="100,000.00 , 100,000.00",
        log="b1 entry rejected: max positions",
        max_positions=1,
    ),
    case(
        "W-41",
        "entries of a day are limited",
        bars=f"A: {flat(3)} | B: {flat(3)}",
        signals="b0 buy A, b0 buy B, b1 buy B",
        fills="b1 BUY A 300 @ 100 [signal]; b2 BUY B 300 @ 100 [signal]",
        cash="100,000.00 , 70,000.00 , 40,000.00",
        equity="100,000.00 , 100,000.00 , 100,000.00",
        log="b1 entry rejected: max entries per day",
        weight=0.3,
        max_entries_per_day=1,
    ),
    case(
        "W-42",
        "entries keep hours, exits do not",
        bars=flat(4),
        signals="b0 buy, b1 buy, b2 sell",
        fills="b2 BUY 500 @ 100 [signal]; b3 SELL 500 @ 100 [signal]",
        cash="100,000.00 , 100,000.00 , 50,000.00 , 100,000.00",
        equity="100,000.00 , 100,000.00 , 100,000.00 , 100,000.00",
        log="b1 entry rejected: outside entry hours",
        entries_allowed="1 ; 0 ; 1 ; 0",
    ),
    # 50,000 x 7.20 % x 3 / 360, the rate of the bar in which it is posted.
    case(
        "W-43",
        "a series of borrow rates",
        bars=flat(3),
        signals="b0 sell",
        fills="b1 SHORT 500 @ 100 [signal]",
        cash="100,000.00 , 150,000.00 , 149,970.00",
        equity="100,000.00 , 100,000.00 , 99,970.00",
        log="b2 borrow fee 30.00",
        days=WEEKEND,
        allow_short=True,
        borrow_rates="0.036 ; 0.036 ; 0.072",
    ),
    case(
        "W-44",
        "a symbol that cannot be borrowed is not shorted",
        bars=flat(3),
        signals="b0 sell, b1 sell",
        fills="b2 SHORT 500 @ 100 [signal]",
        cash="100,000.00 , 100,000.00 , 150,000.00",
        equity="100,000.00 , 100,000.00 , 100,000.00",
        log="b1 entry rejected: not shortable",
        allow_short=True,
        shortable="1 ; 0 ; 1",
    ),
    # -12 / 8 = -1.5 shares; the half share owed costs 0.5 x 800.
    case(
        "W-45",
        "a short pays cash in lieu of its fraction",
        bars=f"{FLAT} ; {FLAT} ; 800/810/790/800",
        signals="b0 sell",
        fills="b1 SHORT 12 @ 100 [signal]",
        cash="100,000.00 , 101,200.00 , 100,800.00",
        equity="100,000.00 , 100,000.00 , 100,000.00",
        log="b2 cash in lieu -400.00",
        weight=0.012,
        allow_short=True,
        splits=(Split(bar=2, ratio=0.125),),
    ),
    # The limit of 98 becomes 96, which the low of 97 does not reach.
    case(
        "W-46",
        "a dividend lowers a resting buy limit",
        bars=f"{FLAT} ; 98/99/97/98",
        signals="b0 buy (limit 98)",
        cash="100,000.00 , 100,000.00",
        equity="100,000.00 , 100,000.00",
        dividends=(Dividend(bar=1, amount=2.0, pay_bar=1),),
    ),
    # 100,000 x 2.52 % / 252 each session, also over the weekend; 100,010 x 0.0001 = 10.001.
    case(
        "W-47",
        "interest by sessions",
        bars=flat(3),
        cash="100,000.00 , 100,010.00 , 100,020.00",
        equity="100,000.00 , 100,010.00 , 100,020.00",
        log="b1 interest 10.00; b2 interest 10.00",
        days=WEEKEND,
        cash_sweep_rate=0.0252,
        interest_day_count="bus/252",
    ),
    # 120 shares; 30,000 / 100; 0.2 x 100,000 / 100.
    case(
        "W-48",
        "a signal can bring its own size",
        bars=f"A: {flat(2)} | B: {flat(2)} | C: {flat(2)}",
        signals="b0 buy A (quantity 120), b0 buy B (notional 30000), b0 buy C (weight 0.2)",
        fills="b1 BUY A 120 @ 100 [signal]; b1 BUY B 300 @ 100 [signal]; b1 BUY C 200 @ 100 [signal]",
        cash="100,000.00 , 38,000.00",
        equity="100,000.00 , 100,000.00",
    ),
)

VOLUME_AND_WEIGHTS: tuple[GoldenCase, ...] = (
    # 5 % of 4,000 is 200; the other 300 at the next open: 80,000 - 30,600.
    case(
        "W-51",
        "the rest of an entry can be carried",
        bars=f"{FLAT}/9999 ; {FLAT}/4000 ; 102/103/101/102/10000",
        signals="b0 buy",
        fills="b1 BUY 200 @ 100 [signal]; b2 BUY 300 @ 102 [signal_carried]",
        cash="100,000.00 , 80,000.00 , 49,400.00",
        equity="100,000.00 , 100,000.00 , 100,400.00",
        max_volume_participation=0.05,
        entry_residual="carry",
    ),
    # 5 % of an average of 2,000 is 100 for the entry; the exit has the volume of its bar.
    case(
        "W-52",
        "the average volume caps entries",
        bars=f"{FLAT}/99999 ; {FLAT}/99999 ; {FLAT}/99999",
        signals="b0 buy, b1 sell",
        fills="b1 BUY 100 @ 100 [signal]; b2 SELL 100 @ 100 [signal]",
        cash="100,000.00 , 90,000.00 , 100,000.00",
        equity="100,000.00 , 100,000.00 , 100,000.00",
        log="b1 residual 400 cancelled",
        max_volume_participation=0.05,
        volume_basis="adv20",
        average_volume=2_000.0,
    ),
    # 300 at the stop of 95, 200 at the next open of 92. 78,500 + 200 x 96 = 97,700.
    case(
        "W-53",
        "what the volume leaves of a stop goes to the next open",
        bars=f"{FLAT}/99999 ; {FLAT}/99999 ; 99/100/95/96/6000 ; 92/93/91/92/99999",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b2 SELL 300 @ 95 [stop]; b3 SELL 200 @ 92 [stop_carried]",
        cash="100,000.00 , 50,000.00 , 78,500.00 , 96,900.00",
        equity="100,000.00 , 100,000.00 , 97,700.00 , 96,900.00",
        max_volume_participation=0.05,
        stop_loss=0.05,
    ),
    # 300 at the target of 110; bar 3 does not reach it; bar 4 opens above it.
    case(
        "W-54",
        "what the volume leaves of a target rests at its price",
        bars=f"{FLAT}/99999 ; {FLAT}/99999 ; 105/112/104/111/6000 ; 108/109.5/107/109/99999 ; 111/112/110/111/99999",
        signals="b0 buy",
        fills="b1 BUY 500 @ 100 [signal]; b2 SELL 300 @ 110 [target]; b4 SELL 200 @ 111 [target_gap]",
        cash="100,000.00 , 50,000.00 , 83,000.00 , 83,000.00 , 105,200.00",
        equity="100,000.00 , 100,000.00 , 105,200.00 , 104,800.00 , 105,200.00",
        max_volume_participation=0.05,
        take_profit=0.10,
    ),
    # 80,400 + 200 x 99 = 100,200; 51,000 + 500 x 98 = 100,000.
    case(
        "W-55",
        "what the volume leaves of a limit entry rests at its price",
        bars=f"{FLAT}/99999 ; 100/101/97/99/4000 ; 99/100/97/98/99999",
        signals="b0 buy (limit 98)",
        fills="b1 BUY 200 @ 98 [limit]; b2 BUY 300 @ 98 [limit]",
        cash="100,000.00 , 80,400.00 , 51,000.00",
        equity="100,000.00 , 100,200.00 , 100,000.00",
        max_volume_participation=0.05,
    ),
    # The exit sells 300 of 500; no short is opened beside what is left.
    case(
        "W-56",
        "a reversal whose exit is not filled whole opens nothing",
        bars=f"{FLAT}/99999 ; {FLAT}/99999 ; {FLAT}/6000 ; {FLAT}/99999",
        signals="b0 buy, b1 sell",
        fills="b1 BUY 500 @ 100 [signal]; b2 SELL 300 @ 100 [reversal]; b3 SELL 200 @ 100 [reversal]",
        cash="100,000.00 , 50,000.00 , 80,000.00 , 100,000.00",
        equity="100,000.00 , 100,000.00 , 100,000.00 , 100,000.00",
        log="b2 entry order cancelled: already in position",
        max_volume_participation=0.05,
        allow_short=True,
        reverse=True,
    ),
    # Decided at 100 and filled there with 1 % of slippage: 49,500 + 500 x 100; 49,500 + 500 x 110.
    case(
        "W-57",
        "target weights can fill at the close that decided them",
        bars=f"{FLAT} ; {FLAT} ; 105/111/104/110",
        fills="b1 BUY 500 @ 101 [rebalance]",
        cash="100,000.00 , 49,500.00 , 49,500.00",
        equity="100,000.00 , 99,500.00 , 104,500.00",
        slippage_bps=100,
        fill="same_close",
        targets="none ; 0.5 ; none",
    ),
    # 47,500 + 500 x 110.
    case(
        "W-58",
        "target weights of a close fill at the next open",
        bars=f"{FLAT} ; {FLAT} ; 105/111/104/110",
        fills="b2 BUY 500 @ 105 [rebalance]",
        cash="100,000.00 , 100,000.00 , 47,500.00",
        equity="100,000.00 , 100,000.00 , 102,500.00",
        targets="none ; 0.5 ; none",
    ),
    case(
        "W-59",
        "weights are traded to in the first session of a month",
        bars=flat(4),
        fills="b2 BUY 500 @ 100 [rebalance]",
        cash="100,000.00 , 100,000.00 , 50,000.00 , 50,000.00",
        equity="100,000.00 , 100,000.00 , 100,000.00 , 100,000.00",
        days=TURN_OF_MONTH,
        symbol_weights={"A": 0.5},
        rebalance="month_start",
        band=0.0,
    ),
    # From +0.5 to -0.3: 500 sold, 300 sold short at the same open.
    case(
        "W-60",
        "a target of the other sign closes and opens the other side",
        bars=flat(3),
        fills="b1 BUY 500 @ 100 [rebalance]; b2 SELL 500 @ 100 [rebalance]; b2 SHORT 300 @ 100 [rebalance]",
        cash="100,000.00 , 50,000.00 , 130,000.00",
        equity="100,000.00 , 100,000.00 , 100,000.00",
        allow_short=True,
        targets="0.5 ; -0.3 ; none",
    ),
    # 5 % of 1,000 are 50 shares a bar, in the five sessions after the decision: 250 of 500.
    case(
        "W-61",
        "the rest of an entry is carried within five sessions",
        bars=" ; ".join([f"{FLAT}/1000"] * 7),
        signals="b0 buy",
        fills="b1 BUY 50 @ 100 [signal]; b2 BUY 50 @ 100 [signal_carried]; b3 BUY 50 @ 100 [signal_carried]; "
        "b4 BUY 50 @ 100 [signal_carried]; b5 BUY 50 @ 100 [signal_carried]",
        cash="100,000.00 , 95,000.00 , 90,000.00 , 85,000.00 , 80,000.00 , 75,000.00 , 75,000.00",
        equity=" , ".join(["100,000.00"] * 7),
        log="b5 residual 250 cancelled",
        max_volume_participation=0.05,
        entry_residual="carry",
    ),
    # 5 % of an average of 4,000 are 200 shares, whatever the volume of the bar was.
    case(
        "W-62",
        "the average volume caps an entry where the volume of its bar is not known",
        bars=" ; ".join([f"{FLAT}/nan"] * 2),
        signals="b0 buy",
        fills="b1 BUY 200 @ 100 [signal]",
        cash="100,000.00 , 80,000.00",
        equity="100,000.00 , 100,000.00",
        log="b1 residual 300 cancelled",
        max_volume_participation=0.05,
        volume_basis="adv20",
        average_volume=4_000.0,
    ),
    # 5 % of 4,000 are 200 shares; 500 are due to go.
    case(
        "W-63",
        "what the volume leaves of a rebalancing sale is dropped",
        bars=f"{FLAT} ; {FLAT} ; {FLAT}/4000 ; {FLAT}",
        fills="b1 BUY 500 @ 100 [rebalance]; b2 SELL 200 @ 100 [rebalance]",
        cash="100,000.00 , 50,000.00 , 70,000.00 , 70,000.00",
        equity=" , ".join(["100,000.00"] * 4),
        log="b2 residual 300 cancelled",
        max_volume_participation=0.05,
        targets="0.5 ; 0.0 ; none ; none",
    ),
    # The stop of 95 lies inside bar 2, after its open: the money for B is not there yet.
    case(
        "W-64",
        "a level that beats an exit at the open frees no cash for that open",
        bars=f"A: {FLAT} ; {FLAT} ; 100/101/94/96 | B: {flat(3)}",
        signals="b0 buy A, b1 sell A, b1 buy B",
        fills="b1 BUY A 1000 @ 100 [signal]; b2 SELL A 1000 @ 95 [stop]",
        cash="100,000.00 , 0.00 , 95,000.00",
        equity="100,000.00 , 100,000.00 , 95,000.00",
        log="b2 entry rejected: buying power; b2 exit order cancelled: already flat",
        weight=1.0,
        stop_loss=0.05,
        level_order="levels_first",
    ),
    # -100,000 + 2,000 x 49 = -2,000 at the close; the open of 52 brings 104,000. The rebalancing of bar 6 buys nothing.
    case(
        "W-65",
        "an account that was ruined trades no more, even if its last sale left money",
        bars=f"{FLAT} ; {FLAT} ; 100/101/48/49 ; 52/53/51/52 ; 52/53/51/52 ; 52/53/51/52 ; 52/53/51/52",
        signals="b0 buy (weight 2.0)",
        fills="b1 BUY 2000 @ 100 [signal]; b3 SELL 2000 @ 52 [margin_call]",
        cash="100,000.00 , -100,000.00 , -100,000.00 , 4,000.00 , 4,000.00 , 4,000.00 , 4,000.00",
        equity="100,000.00 , 100,000.00 , -2,000.00 , 4,000.00 , 4,000.00 , 4,000.00 , 4,000.00",
        log="b2 ruin: equity -2000.00",
        margin=2.0,
        debit_rate=0.0,
        symbol_weights={"A": 1.0},
        rebalance=3,
    ),
    # The range of 2.00 known at the close is 1.00 after the split: 50 - 2 x 1.
    case(
        "W-66",
        "a range known before a split is restated for the stop of an entry after it",
        bars=f"{FLAT} ; 50/51/49/50 ; 50/51/47/49",
        signals="b0 buy",
        fills="b1 BUY 1000 @ 50 [signal]; b2 SELL 1000 @ 48 [stop]",
        cash="100,000.00 , 50,000.00 , 98,000.00",
        equity="100,000.00 , 100,000.00 , 98,000.00",
        splits=(Split(bar=1, ratio=2.0, symbol="A"),),
        atr=2.0,
        atr_stop=2.0,
    ),
    # Equity 150,000 - 500 x 98 - 1,000 owed is 100,000, less 49,000 of exposure: 510 of 1,000 shares.
    case(
        "W-67",
        "a dividend owed on a short is no buying power",
        bars=f"A: {FLAT} ; {FLAT} ; 98/99/97/98 | B: {flat(3)}",
        signals="b0 sell A, b1 buy B (weight 1.0)",
        fills="b1 SHORT A 500 @ 100 [signal]; b2 BUY B 510 @ 100 [signal]",
        cash="100,000.00 , 150,000.00 , 99,000.00",
        equity="100,000.00 , 100,000.00 , 100,000.00",
        dividends=(Dividend(bar=2, amount=2.0, pay_bar=None, symbol="A"),),
        allow_short=True,
    ),
    # 5 % of 4,000 are 200 of 300 shares; the other 100 are no entry of the next day.
    case(
        "W-68",
        "the carried rest of an entry does not count among the entries of its day",
        bars=f"A: {FLAT} ; {FLAT}/4000 ; {FLAT} | B: {flat(3)}",
        signals="b0 buy A, b1 buy B",
        fills="b1 BUY A 200 @ 100 [signal]; b2 BUY A 100 @ 100 [signal_carried]; b2 BUY B 300 @ 100 [signal]",
        cash="100,000.00 , 80,000.00 , 40,000.00",
        equity="100,000.00 , 100,000.00 , 100,000.00",
        weight=0.3,
        max_volume_participation=0.05,
        entry_residual="carry",
        max_entries_per_day=1,
    ),
    # 50 shares at 50 are less than 4,000, and all there is.
    case(
        "W-69",
        "a rebalancing sale that closes a position is never too small",
        bars=f"{FLAT} ; 100/101/49/50 ; 50/51/49/50",
        fills="b1 BUY 50 @ 100 [rebalance]; b2 SELL 50 @ 50 [rebalance]",
        cash="100,000.00 , 95,000.00 , 97,500.00",
        equity="100,000.00 , 97,500.00 , 97,500.00",
        targets="0.05 ; 0.0 ; none",
        min_notional=4_000.0,
        band=0.0,
    ),
)

ADDED_TO: tuple[GoldenCase, ...] = (
    # 200 at 100 and 200 at 90: average 95, target 104.50. The 106 of bar 2 may have come before the low of 89; the 105 of
    # bar 3 did not. 62,000 + 400 x 95; 62,000 + 400 x 104.50.
    case(
        "W-71",
        "the target waits in the bar in which a limit adds to the position",
        bars=f"{FLAT} ; {FLAT} ; 100/106/89/95 ; 100/105/99/104",
        signals="b0 buy, b1 buy (limit 90)",
        fills="b1 BUY 200 @ 100 [signal]; b2 BUY 200 @ 90 [limit]; b3 SELL 400 @ 104.5 [target]",
        cash="100,000.00 , 80,000.00 , 62,000.00 , 103,800.00",
        equity="100,000.00 , 100,000.00 , 100,000.00 , 103,800.00",
        weight=0.2,
        max_entries=2,
        take_profit=0.10,
    ),
    # The extreme of bar 2 is its close of 104, not its high of 110: 104 x 0.95 = 98.80. 60,600 + 400 x 104;
    # 60,600 + 400 x 98.80.
    case(
        "W-72",
        "the trail follows the close of the bar in which a limit adds to the position",
        bars=f"{FLAT} ; {FLAT} ; 100/110/96/104 ; 103/104/98/99",
        signals="b0 buy, b1 buy (limit 97)",
        fills="b1 BUY 200 @ 100 [signal]; b2 BUY 200 @ 97 [limit]; b3 SELL 400 @ 98.8 [trail]",
        cash="100,000.00 , 80,000.00 , 60,600.00 , 100,120.00",
        equity="100,000.00 , 100,000.00 , 102,200.00 , 100,120.00",
        weight=0.2,
        max_entries=2,
        trailing_stop=0.05,
    ),
    # 200 at 95 and 200 at 105: average 100, target 110. Whether the 120 of bar 1 came after the 94 is not known.
    case(
        "W-73",
        "the target waits for a limit that a stop follows in the same bar",
        bars=f"{FLAT} ; 100/120/94/110 ; 108/112/107/111",
        signals="b0 buy (limit 95), b0 buy (stop 105)",
        fills="b1 BUY 200 @ 95 [limit]; b1 BUY 200 @ 105 [stop_entry]; b2 SELL 400 @ 110 [target]",
        cash="100,000.00 , 60,000.00 , 104,000.00",
        equity="100,000.00 , 104,000.00 , 104,000.00",
        weight=0.2,
        max_entries=2,
        take_profit=0.10,
    ),
    # Bought at the close of bar 0, whose high of 101 is not the position's: 100 x 0.95 = 95, below the low of bar 1. In bar 1
    # all of it was held but the 0.3 x 104,000 / 120 - 200 = 60 shares of its close: 125 x 0.95 = 118.75.
    case(
        "W-74",
        "the trail follows the high of a bar at whose close a rebalance adds to the position",
        bars="100/101/99/100 ; 100/125/95.5/120 ; 120/121/117/118",
        fills="b0 BUY 200 @ 100 [rebalance]; b1 BUY 60 @ 120 [rebalance]; b2 SELL 260 @ 118.75 [trail]",
        cash="80,000.00 , 72,800.00 , 103,675.00",
        equity="100,000.00 , 104,000.00 , 103,675.00",
        fill="same_close",
        targets="0.2 ; 0.3 ; none",
        band=0.0,
        trailing_stop=0.05,
    ),
)

WORKED_CASES: tuple[GoldenCase, ...] = (*FEES_AND_PRICES, *LEVELS, *ACCOUNTS, *VOLUME_AND_WEIGHTS, *ADDED_TO)
