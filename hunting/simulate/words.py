"""Words of the simulated tenant: names, departments, subjects in several languages. All organizations are made up (.example)."""

from __future__ import annotations

TENANT_DOMAIN = "aurelia-werke.example"
TENANT_NAME = "Aurelia Werke"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


LANGUAGES = _words("de|en|fr|es|pl|ja")
# language -> country code, country, city
PLACES = {
    "de": ("DE", "Germany", "Leipzig"),
    "en": ("GB", "United Kingdom", "Leeds"),
    "fr": ("FR", "France", "Lyon"),
    "es": ("ES", "Spain", "Zaragoza"),
    "pl": ("PL", "Poland", "Poznań"),
    "ja": ("JP", "Japan", "Nagoya"),
}
GIVEN_NAMES = {
    "de": _words("Anna|Jürgen|Käthe|Lukas|Sönke|Mira|Tobias|Heike|Björn|Franziska|Emil|Greta"),
    "en": _words("Alice|Oliver|Grace|Harry|Imogen|Noah|Priya|Samuel|Zoe|Callum|Freya|Omar"),
    "fr": _words("Amélie|Benoît|Chloé|Étienne|Hélène|Jules|Maëlle|Noël|Océane|Rémi|Solène|Théo"),
    "es": _words("Álvaro|Begoña|Carmen|Íñigo|Lucía|Martín|Nuria|Óscar|Pilar|Rubén|Sofía|Tomás"),
    "pl": _words("Agnieszka|Błażej|Ewa|Grzegorz|Jadwiga|Łukasz|Małgorzata|Paweł|Róża|Szymon|Wanda|Zofia"),
    "ja": _words("Akira|Emi|Haruto|Hina|Kaito|Mei|Ren|Sakura|Sota|Yui|Yuto|Aoi"),
}
SURNAMES = {
    "de": _words("Müller|Schäfer|Weiß|Krüger|Lehmann|Voß|Brandt|Jäger|Köhler|Roth|Sommer|Winkler"),
    "en": _words("Ashworth|Barker|Clarke|Dawson|Ellis|Fletcher|Hughes|Khan|Marsh|O'Neill|Patel|Turner"),
    "fr": _words("Bérard|Chevalier|Dupré|Fournier|Garçon|Lefèvre|Mercier|Noël|Perrin|Rousseau|Simon|Vidal"),
    "es": _words("Aguirre|Bermúdez|Cano|Domínguez|Esteban|Gómez|Ibáñez|León|Muñoz|Núñez|Peña|Vázquez"),
    "pl": _words("Błaszczyk|Dąbrowski|Gajewski|Jabłoński|Kamińska|Lis|Malinowski|Nowak|Pająk|Szymańska|Wójcik|Zając"),
    "ja": _words("Fujita|Hayashi|Inoue|Kimura|Kobayashi|Matsuda|Nakamura|Ogawa|Sasaki|Tanaka|Ueda|Yamada"),
}
DEPARTMENTS = _words("Production|Sales|Purchasing|Research|Finance|Human Resources|IT|Legal|Logistics|Management")
JOB_TITLES = _words("Engineer|Specialist|Assistant|Team lead|Analyst|Manager|Coordinator|Head of department")

# Subjects; "#" at the end or inside becomes a number.
WORK_SUBJECTS = {
    "de": _words(
        "Angebot Nr. #|Protokoll der Besprechung|Rückfrage zur Bestellung #|Terminverschiebung|"
        "Lieferschein #|Übersicht Kosten Quartal|Grüße aus dem Urlaub|Änderung am Vertrag #"
    ),
    "en": _words(
        "Quote #|Meeting notes|Question about order #|Moving our call|Delivery note #|Cost overview|Hello again|Contract change #"
    ),
    "fr": _words(
        "Devis n° #|Compte rendu de réunion|Question sur la commande #|Report du rendez-vous|"
        "Bon de livraison #|Aperçu des coûts|À bientôt|Avenant au contrat #"
    ),
    "es": _words(
        "Presupuesto n.º #|Acta de la reunión|Consulta sobre el pedido #|Cambio de fecha|Albarán #|"
        "Resumen de costes|¿Nos vemos mañana?|Modificación del contrato #"
    ),
    "pl": _words(
        "Oferta nr #|Notatka ze spotkania|Pytanie o zamówienie #|Zmiana terminu|List przewozowy #|"
        "Zestawienie kosztów|Pozdrowienia|Aneks do umowy #"
    ),
    "ja": _words(
        "お見積り #|会議の議事録|ご注文について #|日程変更のお願い|納品書 #|費用の概要|お世話になっております|契約変更 #"
    ),
}
NEWS_SUBJECTS = {
    "de": _words("Neuigkeiten der Woche|Jetzt anmelden: Webinar|10 % auf alles – nur heute|Ihre Ausgabe #"),
    "en": _words("This week's news|Register now: webinar|10 % off – today only 🎉|Your issue #"),
    "fr": _words("Les nouvelles de la semaine|Inscrivez-vous au webinaire|−10 % aujourd'hui seulement|Votre numéro #"),
    "es": _words("Las noticias de la semana|Inscríbase al seminario web|10 % de descuento solo hoy|Su número #"),
    "pl": _words("Wiadomości tygodnia|Zapisz się na webinar|10 % taniej tylko dziś|Wydanie #"),
    "ja": _words("今週のニュース|ウェビナーのご案内|本日限り10%オフ|第#"),
}
LURE_SUBJECTS = {
    "de": _words("Ihre Rechnung #|Passwort läuft heute ab|Paket #: Zustellung nicht möglich|Dringend: Zahlung freigeben"),
    "en": _words("Invoice # is overdue|Your password expires today|Parcel # could not be delivered|Urgent: approve this payment"),
    "fr": _words("Facture impayée #|Votre mot de passe expire aujourd'hui|Colis # en attente|Urgent : virement à valider"),
    "es": _words("Factura pendiente #|Su contraseña caduca hoy|Paquete # retenido|Urgente: apruebe el pago"),
    "pl": _words("Zaległa faktura #|Hasło wygasa dzisiaj|Paczka # wstrzymana|Pilne: zatwierdź przelew"),
    "ja": _words("請求書 #|パスワードの有効期限が本日切れます|お荷物 # を配達できませんでした|至急：お支払いの承認"),
}
COMPANY_WORDS = _words(
    "nordwind|altstadt|blaustein|helio|kestrel|lumen|morgana|novum|orbis|pontis|quarz|rheingold|sirius|"
    "tundra|umbra|vela|wega|zephyr|acer|boreal"
)
COMPANY_KINDS = _words("logistik|metal|systems|consulting|papier|energy|foods|labs|druck|software|bank|media")
FREEMAIL_DOMAINS = _words("postfach.example|mailhafen.example|letterbox.example")
NEWSLETTER_DOMAINS = _words(
    "news.wochenblick.example|mailing.werkzeugmarkt.example|updates.cloudnotes.example|"
    "promo.schuhhaus.example|digest.techreader.example|events.messekalender.example"
)
SPAM_DOMAINS = _words(
    "bestpills-24.example|casino-royal.example|cheap-seo.example|lose-weight.example|xn--gnstig-kaufen-wob.example"
)
PHISH_DOMAINS = _words(
    "aure1ia-werke.example|aurelia-werke-login.example|secure-paketdienst.example|"
    "xn--urelia-werke-fcb.example|sharedoc-online.example|bank-sicherheit.example|mail-quota.example"
)

# file name stem, extension, FileType, weight
FILES = (
    ("image001", "png", "png", 30),
    ("logo", "jpg", "jpg", 10),
    ("Angebot", "pdf", "pdf", 14),
    ("report", "pdf", "pdf", 12),
    ("Protokoll", "docx", "docx;openxml", 9),
    ("Übersicht", "xlsx", "xlsx;openxml", 8),
    ("slides", "pptx", "pptx;openxml", 4),
    ("Zeichnung", "zip", "zip", 3),
    ("invite", "ics", "ics", 6),
    ("納品書", "pdf", "pdf", 2),
    ("notes", "txt", "txt", 2),
)
RISKY_FILES = (
    ("Rechnung", "docm", "docm;openxml"),
    ("Invoice", "html", "html"),
    ("scan", "iso", "iso"),
    ("facture", "svg", "svg"),
    ("payment", "one", "one"),
    ("order", "js", "js"),
    ("update", "jnlp", "jnlp"),
    ("statement", "xlsm", "xlsm;openxml"),
)
URL_WORDS = _words("docs|shop|events|download|wiki|support|calendar|reports|jobs|blog")
