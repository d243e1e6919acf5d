"""The currencies in use, and how many digits their smallest unit has (ISO 4217).

Kept by hand: the list changes about once a year. A currency that was withdrawn stays as long as
somebody may still owe money in it.
"""

from __future__ import annotations

from backend.services.errors import InvalidInput

_BY_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD
    CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
    GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD
    MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP
    PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS
    TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
}

MINOR_DIGITS = {code: digits for digits, codes in _BY_DIGITS.items() for code in codes.split()}

SYMBOLS = {"TRY": "₺", "EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "ILS": "₪"}


def known_currency(code: str, *, field: str = "currency") -> str:
    """Return `code` if it is a known currency; raise InvalidInput if not."""
    if code not in MINOR_DIGITS:
        raise InvalidInput(
            f"{code[:10]!r} is not a currency code", field=field, hint="use ISO 4217, as TRY or EUR"
        )
    return code
