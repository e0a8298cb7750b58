"""Words for tests: sentences as long as real ones, in three languages."""

from collections.abc import Callable
from datetime import date, datetime

from protocol.money import Money

_: dict[str, tuple[str, str, str]] = {
    "glass.simulated": ("模拟设备 SIMULATED", "模拟设备 SIMULATED", "模拟设备 SIMULATED"),
    "glass.back": ("返回", "Back", "رجوع"),
    "glass.leave": ("结束", "Finish", "إنهاء"),
    "glass.help": ("找人帮忙", "Help from a person", "مساعدة من موظف"),
    "glass.language": ("选择语言", "Choose a language", "اختر اللغة"),
    "glass.close": ("关闭", "Close", "إغلاق"),
    "glass.larger": ("大字", "Larger", "خط كبير"),
    "glass.normal": ("标准字", "Smaller", "خط عادي"),
    "glass.elder": ("长辈模式", "Easier", "وضع أسهل"),
    "glass.elder-off": ("普通模式", "Usual", "الوضع العادي"),
    "glass.light": ("亮屏", "Light the screen", "إضاءة الشاشة"),
    "glass.hide-amounts": ("隐藏金额", "Hide amounts", "إخفاء المبالغ"),
    "glass.show-amounts": ("显示金额", "Show amounts", "إظهار المبالغ"),
    "glass.show-first": ("请先显示金额", "Show the amounts first", "يرجى إظهار المبالغ أولًا"),
    "glass.id-card": ("放上身份证", "Lay your ID card", "بطاقة الهوية"),
    "glass.id-card.line": ("平放在亮灯处", "Flat on the lit field", "توضع مسطحة على المكان المضيء"),
    "glass.bank-card": ("插入银行卡", "Insert your bank card", "بطاقة البنك"),
    "glass.bank-card.line": ("芯片朝上、朝里", "Chip up and first", "الشريحة إلى الأعلى وإلى الأمام"),
    "glass.step": ("第 {step} 步，共 {of} 步", "{step} of {of}", "{step} من {of}"),
    "glass.erase": ("删除", "Erase", "مسح"),
    "glass.digits": ("已输入 {count} 位", "{count} digits so far", "عدد الأرقام: {count}"),
    "glass.over-limit": ("超过今日限额 {limit}", "More than today's limit of {limit}", "أكثر من حد اليوم {limit}"),
    "glass.over-available": (
        "超过可用余额 {available}",
        "More than you have: {available}",
        "أكثر من رصيدك المتاح {available}",
    ),
    "glass.see-all": ("请先看完各页", "Please see every page", "اطّلع على كل الصفحات"),
    "glass.keep-number": ("请保留这个编号", "Please keep this number", "احتفظ بهذا الرقم"),
    "glass.wait-longer": (
        "比平时久一点，请稍候，您的钱是安全的。",
        "This takes longer than usual. Please wait a little more.",
        "يستغرق هذا وقتًا أطول من المعتاد، انتظر قليلًا.",
    ),
    "glass.rate-0": ("不评价", "No answer", "بلا تقييم"),
    "glass.rate-1": ("很不满意", "Very poor", "سيئ جدًا"),
    "glass.rate-2": ("不满意", "Poor", "سيئ"),
    "glass.rate-3": ("一般", "Fair", "مقبول"),
    "glass.rate-4": ("满意", "Good", "جيد"),
    "glass.rate-5": ("非常满意", "Very good", "ممتاز"),
    "glass.still-here": ("您还在吗？", "Are you still here?", "هل ما زلت هنا؟"),
    "glass.still-here.line": (
        "{seconds} 秒后将结束，您的信息会被清除。",
        "In {seconds} seconds this visit ends, and nothing of yours stays here.",
        "ستنتهي الزيارة بعد {seconds} ثانية ولن يبقى شيء من بياناتك.",
    ),
    "glass.still-here.next": ("我还在", "I am still here", "ما زلت هنا"),
    "glass.balance-after": ("余额 {amount}", "Balance {amount}", "الرصيد {amount}"),
    "glass.day-and-party": ("{day} · {party}", "{day} · {party}", "{day} · {party}"),
    "movement.in": ("转入", "Transfer in", "تحويل وارد"),
    "movement.out": ("转出", "Transfer out", "تحويل صادر"),
    "statement": ("收支明细", "Your statement", "كشف حسابك"),
    "statement.line": (
        "账号 {masked}，{since}至{until}。选一笔看详情。",
        "Account {masked}, {since} to {until}. Choose a line to open it.",
        "الحساب {masked}، من {since} إلى {until}. المس أي سطر لفتحه.",
    ),
    "statement.next": ("看完了", "Done", "انتهيت"),
    "statement.none": ("这段时间没有收支。", "Nothing moved in this time.", "لا توجد حركات في هذه الفترة."),
    "statement.all": ("全部", "All", "الكل"),
    "statement.in": ("收入", "Money in", "الوارد"),
    "statement.out": ("支出", "Money out", "الصادر"),
    "receipt.bank": ("演示银行", "Demonstration Bank", "بنك العرض"),
    "attract": ("您好。", "Welcome.", "أهلًا بك."),
    "attract.line": (
        "请放上身份证，或插入银行卡。",
        "Lay your ID card down or insert your bank card.",
        "ضع بطاقة الهوية أو أدخل بطاقة البنك.",
    ),
    "attract.next": ("轻触开始", "Touch to begin", "المس للبدء"),
    "menu": ("{surname}女士，今天办什么？", "What shall we do today?", "ماذا تريد أن تفعل اليوم؟"),
    "menu.line": ("现金业务请到 2 号窗口。", "For cash, please go to counter 2.", "للنقد توجه إلى الشباك 2."),
    "transfer.name": ("转账", "Transfer", "تحويل"),
    "transfer.amount": ("转多少？", "How much do you want to send?", "كم تريد أن تحوّل؟"),
    "transfer.amount.line": (
        "可用 {available}，今日限额 {limit}",
        "You have {available}; today up to {limit}",
        "المتاح {available} وحد اليوم {limit}",
    ),
    "transfer.amount.next": ("继续", "Continue", "متابعة"),
    "transfer.number": ("收款账号是多少？", "Which account shall get it?", "ما رقم حساب المستفيد؟"),
    "transfer.number.line": (
        "账号在收款人的卡正面。",
        "The number stands on the front of the card.",
        "الرقم على وجه البطاقة.",
    ),
    "transfer.number.next": ("继续", "Continue", "متابعة"),
    "transfer.number.unknown": (
        "本行没有这个账号，请再核对。",
        "We know no such account. Please check it again.",
        "لا نعرف هذا الحساب، تحقق من الرقم.",
    ),
    "transfer.typed": ("收款人叫什么？", "What is the payee's name?", "ما اسم المستفيد؟"),
    "transfer.typed.line": (
        "用拼音输入。",
        "As on their card; it is checked.",
        "كما في بطاقته، وسيتم التحقق.",
    ),
    "transfer.typed.next": ("继续", "Continue", "متابعة"),
    "glass.latin": ("请用拼音或英文字母", "Latin letters, as on their card", "بالأحرف اللاتينية"),
    "glass.space": ("空格", "Space", "مسافة"),
    "transfer.confirm": ("请核对，再确认", "Please check, then confirm", "راجع ثم أكّد"),
    "transfer.confirm.line": (
        "不认识对方，或有人催您转账？请先停一停，找人帮忙。",
        "Does somebody hurry you? Stop, and ask a person for help.",
        "هل يستعجلك أحد؟ توقف واطلب المساعدة.",
    ),
    "transfer.confirm.next": ("转出 {amount}", "Transfer {amount}", "حوّل {amount}"),
    "fact.from": ("付款账户", "From account", "من حساب"),
    "fact.to": ("收款账号", "To account", "إلى حساب"),
    "fact.payee": ("收款人", "Payee", "المستفيد"),
    "fact.amount": ("转出金额", "Amount", "المبلغ"),
    "fact.fee": ("手续费", "Fee", "الرسوم"),
    "fact.date": ("记账日期", "Booking date", "تاريخ القيد"),
    "fact.when": ("到账", "Arrives", "الوصول"),
    "fact.when.now": (
        "立即到账，不可撤回",
        "At once; it cannot be called back",
        "فورًا ولا يمكن استرجاعه",
    ),
    "done": ("已转出", "The money has been sent", "تم التحويل"),
    "done.line": ("款项已从您的账户转出。", "The money has left your account.", "خرج المبلغ من حسابك."),
    "done.next": ("知道了", "I have read this", "قرأت هذا"),
    "unsure": ("这笔转账还没有结果", "We do not know yet", "لا نعرف النتيجة بعد"),
    "unsure.line": (
        "您的钱是安全的：它会自动完成或自动退回，绝不会扣两次。",
        "Your money is safe: it will be finished or undone by itself; nothing will be taken twice.",
        "مالك في أمان: ستكتمل العملية أو تُلغى تلقائيًا ولن يُخصم المبلغ مرتين.",
    ),
    "unsure.next": ("知道了", "I have read this", "قرأت هذا"),
    "refused": ("没有转出", "Your money has not moved", "لم يتحرك مالك"),
    "refused.line": ("您的钱没有动。", "Nothing was taken from your account.", "لم يُخصم شيء من حسابك."),
    "refused.next": ("知道了", "I have read this", "قرأت هذا"),
    "why": (
        "余额不足。您可以换一个账户，或少转一些。",
        "There is not enough in this account. Choose another one, or send less.",
        "الرصيد غير كافٍ. اختر حسابًا آخر أو مبلغًا أقل.",
    ),
    "review": ("活期账户", "Current account", "الحساب الجاري"),
    "review.line": ("", "", ""),
    "insert": ("请插入银行卡", "Insert your bank card", "أدخل بطاقتك"),
    "insert.line": ("芯片朝前，插到底。", "Chip first, until it stops.", "الشريحة أولًا حتى النهاية."),
    "pin.enter": ("请在密码键盘上输入密码", "Enter your PIN on the pad", "أدخل الرقم السري على اللوحة"),
    "pin.enter.line": (
        "请用手遮挡。银行的人绝不会问您的密码。",
        "Cover it with your hand. Nobody from the bank will ever ask for it.",
        "غطِّ اللوحة بيدك. لن يسألك أحد من البنك عنه أبدًا.",
    ),
    "wait.bank": ("正在询问银行", "Asking your bank", "نسأل البنك"),
    "wait.bank.line": ("通常 {seconds} 秒", "Usually {seconds} seconds", "عادة {seconds} ثوانٍ"),
    "rate": ("这次怎么样？", "How was it?", "كيف كانت الخدمة؟"),
    "rate.line": ("轻触一次即可。", "One touch is enough.", "لمسة واحدة تكفي."),
    "out": ("暂停服务", "Out of service", "خارج الخدمة"),
    "out.line": (
        "请到旁边的自助设备或 2 号窗口，对不起。",
        "Please use the machine beside, or go to counter 2. We are sorry.",
        "استخدم الجهاز المجاور أو توجه إلى الشباك 2. نعتذر.",
    ),
    "out.why": ("打印机正在维修。", "The printer is being repaired.", "الطابعة قيد الإصلاح."),
    "other-way": ("用身份证办理", "Use my ID card instead", "استخدام بطاقة الهوية"),
    "no-card": ("我没有带卡", "I have no card with me", "ليست معي بطاقة"),
    "print": ("打印回单", "Print a receipt", "اطبع إيصالًا"),
    "none": ("不要纸质回单", "No paper", "بلا ورق"),
    "needs": (
        "先插卡并输入密码才能办理。",
        "Insert your card and enter the PIN first.",
        "أدخل البطاقة والرقم السري أولًا.",
    ),
}
for _number, _names in enumerate(
    (
        ("转账", "Transfer", "تحويل"),
        ("查询与明细", "Balance and statement", "الرصيد والكشف"),
        ("缴费", "Pay bills", "دفع الفواتير"),
        ("卡与密码", "Card and PIN", "البطاقة والرقم السري"),
        ("理财与存款", "Savings and investments", "الادخار والاستثمار"),
        ("继续开户申请", "Go on with my application", "متابعة طلب فتح الحساب"),
        ("挂失", "Report a loss", "الإبلاغ عن فقدان"),
        ("预约", "Appointments", "المواعيد"),
    )
):
    _[f"option.{_number}"] = _names
    _[f"option.{_number}.line"] = (
        "给自己或他人，本行或他行",
        "To yourself or to others, here or at another bank",
        "لنفسك أو لغيرك، هنا أو في بنك آخر",
    )

PLACE = {"zh": 0, "en": 1, "ar": 2}


class StubWords:
    """`flows.ports.Words` without catalogues."""

    def __init__(self, language: Callable[[], str]) -> None:
        self._language = language

    @property
    def language(self) -> str:
        return self._language()

    def text(self, key: str, language: str = "", **params: str | int) -> str:
        at = language or self.language
        sentence = _[key][PLACE[at]]
        if at == "ar":
            params = {name: f"\u2066{value}\u2069" for name, value in params.items()}
        return sentence.format(**params)

    def money(self, money: Money, language: str = "") -> str:
        plain = f"¥{money.decimal:,.2f}"
        return f"\u2066{plain}\u2069" if (language or self.language) == "ar" else plain

    def signed(self, money: Money, language: str = "") -> str:
        plain = f"{'+' if money.fen > 0 else '-'}¥{abs(money.decimal):,.2f}"
        return f"\u2066{plain}\u2069" if (language or self.language) == "ar" else plain

    def moment(self, at: datetime, language: str = "") -> str:
        return f"{self.day(at.date(), language)} {at:%H:%M}"

    def day(self, day: date, language: str = "") -> str:
        if (language or self.language) == "zh":
            return f"{day.year}年{day.month}月{day.day}日"
        return f"{day:%d %B %Y}" if (language or self.language) == "en" else f"{day.day} نوفمبر {day.year}"
