"""Names and texts from which the demo chooses, hard to copy without damage."""

FIRST_NAMES = (
    "Ayşe", "Çağla", "İbrahim", "Işıl", "Oğuz", "Ümit", "Şule", "Gökçe", "Yiğit", "Nâzım",
    "Zoë", "Søren", "Łukasz", "Anaïs", "李娜", "Ольга", "Mehmet", "Elif", "Deniz", "O'Brien",
)  # fmt: skip
LAST_NAMES = (
    "Yılmaz", "Öztürk", "Çelik", "Şahin", "Doğan", "Kılıç", "Aslan", "Güneş", "İnce", "Ağaoğlu",
    "Müller", "Dvořák", "Nguyễn", "García", "de la Cruz",
)  # fmt: skip
# Mailboxes: plain, with capitals, with Turkish letters.
MAILBOXES = ("ayse", "Cagla", "IBRAHIM", "ışıl", "İnci", "oguz.demir", "sule+fatura", "zoe_k")
DOMAINS = ("example.com", "example.org", "Posta.Example.com")

GROUPS = (
    "Ev arkadaşları 🏠", "Kapadokya gezisi 🎈", "Öğle yemeği", "Düğün çiçeği 💐", "Ofis çayı ☕",
    "İstanbul – İzmir 🚗", "Kayak 👩🏽‍🚀⛷️", "Doğum günü: Şule", "Halı saha ⚽", "Kahve & kitap",
)  # fmt: skip
ORDERS = (
    "Adana kebap 🌶️", "Çiğ köfte", "Market: ekmek, süt, yumurta", "Künefe 🧀", "Rakı – balık 🐟",
    "Elektrik faturası ⚡", "Su (19 L)", "Dolmuş", "İskender × 4", "Baklava 1½ kg", "Tatlı 🍮",
    "Benzin ⛽", "Sinema: “Kış Uykusu”", "O'Hara's \"pub\"", "Kira %50",
)  # fmt: skip
# Line ends, quotes, backslashes, separators: what a careless copy would stumble over.
NOTES = (
    "",
    "",
    "",
    "Bahşiş dahil",
    "Ayşe sonra öder;\nÇağla nakit verdi.",
    'dedi ki "hesap bende", sonra kayboldu 🙃',
    "yol C:\\fişler\\2026, bkz. \\N ve \\.",
    "sütun\tbir\tiki",
    "₺ € $ ¥ 💸 — ﷼",
    "%100 indirim, 'yarısı' kime?",
)
SETTLED = ("Havale 🏦", "nakit", "IBAN ile", "", "")
TOKENS = ("Telefon 📱", "Ev bilgisayarı", "betik", "yedek anahtar")

# One for each number of digits that a currency can have, and the common ones more often.
CURRENCIES = ("TRY", "TRY", "TRY", "EUR", "USD", "JPY", "KWD")
