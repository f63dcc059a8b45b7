import { uiAr } from "@hearth/ui";
import type { FilesKey } from "./en.ts";

export const ar: Record<FilesKey, string> = {
  ...uiAr,
  "app.loading": "جارٍ التحميل",
  "app.retry": "حاول مرة أخرى",
  "app.cancel": "إلغاء",

  "place.label": "المجلد",
  "place.top": "الملفات",
  "place.to_top": "العودة إلى الملفات",
  "place.trash": "سلة المهملات",
  "place.search": "بحث: {q}",
  "place.back": "العودة إلى الملفات",

  "list.name": "الاسم",
  "list.modified": "آخر تغيير",
  "list.size": "الحجم",
  "list.folder": "مجلد",
  "list.tiles_help": "الأسهم للتنقل، والإدخال للفتح، والمسافة للتحديد",
  "look.list": "عرض كقائمة",
  "look.grid": "عرض كصور",
  "sort.label": "ترتيب",
  "sort.name": "حسب الاسم",
  "sort.name-down": "حسب الاسم من النهاية",
  "sort.modified": "الأقدم أولًا",
  "sort.modified-down": "الأحدث أولًا",
  "sort.size": "الأصغر أولًا",
  "sort.size-down": "الأكبر أولًا",

  "search.label": "ابحث بالاسم",
  "search.found":
    "{count, plural, =0 {لا شيء باسم «{q}».} one {نتيجة واحدة} two {نتيجتان} few {# نتائج} many {# نتيجة} other {# نتيجة}}",

  "select.count":
    "{count, plural, zero {لا شيء محدد} one {واحد محدد} two {اثنان محددان} few {# محددة} many {# محددًا} other {# محدد}}",
  "select.clear": "ألغِ التحديد",

  "act.add": "إضافة",
  "act.upload": "ارفع ملفات",
  "act.upload_folder": "ارفع مجلدًا",
  "act.open": "فتح",
  "act.download": "تنزيل",
  "act.move": "نقل إلى",
  "act.trash": "إلى سلة المهملات",

  "download.begun": "متصفحك يحفظ {name} ({size}).",
  "download.refused": "لم يُحفظ {name}. {why}",
  "download.empty": "لا شيء هنا لتنزيله.",

  "drop.here": "أفلت لتضعها في {folder}",
  "empty.top": "مكان لكل شيء",
  "empty.folder": "هذا المجلد فارغ",
  "empty.teach": "اسحب صورًا أو أفلامًا أو مجلدات كاملة إلى أي مكان هنا. تبقى على صندوقك وحده.",

  "rename.title": "إعادة تسمية",
  "rename.label": "الاسم",
  "rename.do": "أعد التسمية",
  "folder.title": "مجلد جديد",
  "folder.example": "صيف عند البحيرة",
  "folder.do": "أنشئ المجلد",
  "name.empty": "يحتاج إلى اسم.",
  "name.dots": "لا يمكن أن يكون الاسم نقاطًا فقط.",
  "name.slash": "لا يمكن أن يحتوي الاسم على «/». أنشئ مجلدًا لذلك.",
  "name.control": "في الاسم علامة غير مرئية. اكتبه من جديد.",
  "name.long": "هذا الاسم طويل جدًا.",
  "move.title":
    "{count, plural, zero {نقل} one {نقل} two {نقل اثنين} few {نقل # أشياء} many {نقل # شيئًا} other {نقل # شيء}}",
  "move.where": "الوجهة",
  "move.folders": "المجلدات",
  "move.none": "لا مجلدات هنا.",
  "move.here": "انقل إلى هنا",

  "done.renamed": "صار اسمه {name}.",
  "done.folder": "أُنشئ {name}.",
  "done.moved":
    "{count, plural, zero {لم يُنقل شيء} one {نُقل واحد} two {نُقل اثنان} few {نُقلت #} many {نُقل #} other {نُقل #}} إلى {folder}.",
  "done.trashed_one": "{name} في سلة المهملات.",
  "done.trashed":
    "{count, plural, zero {لا شيء} one {واحد} two {اثنان} few {# أشياء} many {# شيئًا} other {# شيء}} في سلة المهملات.",
  "done.restored": "عاد {name}.",
  "done.deleted": "حُذف {name} نهائيًا.",
  "done.emptied": "سلة المهملات فارغة.",

  "trash.lead":
    "{count, plural, zero {لا شيء} one {شيء واحد} two {شيئان} few {# أشياء} many {# شيئًا} other {# شيء}}. يُحذف كل منها نهائيًا بعد 30 يومًا.",
  "trash.empty": "سلة المهملات فارغة",
  "trash.empty_note": "ما تحذفه ينتظر هنا 30 يومًا كي لا يضيع شيء بزلّة.",
  "trash.empty_it": "أفرغ السلة",
  "trash.empty_title":
    "{count, plural, zero {حذف نهائي؟} one {حذف شيء نهائيًا؟} two {حذف شيئين نهائيًا؟} few {حذف # أشياء نهائيًا؟} many {حذف # شيئًا نهائيًا؟} other {حذف # شيء نهائيًا؟}}",
  "trash.for_good": "لا يمكن التراجع عن هذا.",
  "trash.from": "{when}، من {folder}",
  "trash.restore": "أعد {name}",
  "trash.delete": "احذف {name} نهائيًا",
  "trash.delete_title": "حذف {name} نهائيًا؟",
  "trash.delete_do": "احذف نهائيًا",

  "preview.back": "السابق",
  "preview.on": "التالي",
  "preview.none": "لا معاينة لهذا النوع من الملفات. نزّله لتفتحه.",
  "preview.cut": "تظهر البداية فقط. نزّل الملف لتراه كله.",
  "preview.pages":
    "{count, plural, zero {لا صفحات} one {صفحة واحدة} two {صفحتان} few {# صفحات} many {# صفحة} other {# صفحة}}",
  "preview.page": "الصفحة {number}",

  "foot.count":
    "{count, plural, zero {لا عناصر} one {عنصر واحد} two {عنصران} few {# عناصر} many {# عنصرًا} other {# عنصر}}",
  "foot.first": "أول {count} نتيجة. اكتب المزيد لتضييقها.",
  "foot.free": "{size} متاحة",

  "uploads.title": "الرفع",
  "uploads.running":
    "{count, plural, zero {جارٍ الرفع} one {جارٍ رفع ملف} two {جارٍ رفع ملفين} few {جارٍ رفع # ملفات} many {جارٍ رفع # ملفًا} other {جارٍ رفع # ملف}}",
  "uploads.finished":
    "{count, plural, zero {لا ملفات} one {ملف واحد على صندوقك} two {ملفان على صندوقك} few {# ملفات على صندوقك} many {# ملفًا على صندوقك} other {# ملف على صندوقك}}",
  "uploads.failed":
    "{count, plural, zero {وصلت كلها} one {لم يصل ملف} two {لم يصل ملفان} few {لم تصل # ملفات} many {لم يصل # ملفًا} other {لم يصل # ملف}}",
  "uploads.paused":
    "{count, plural, zero {لا شيء متوقف} one {رفع متوقف} two {رفعان متوقفان} few {# متوقفة} many {# متوقفًا} other {# متوقف}}",
  "uploads.live":
    "{count, plural, zero {جارٍ الرفع} one {جارٍ رفع ملف} two {جارٍ رفع ملفين} few {جارٍ رفع # ملفات} many {جارٍ رفع # ملفًا} other {جارٍ رفع # ملف}}، {percent} بالمئة",
  "uploads.of": "{sent} من {all}",
  "uploads.paused_at": "متوقف عند {sent} من {all}",
  "uploads.seconds_left":
    "{count, plural, zero {لحظة} one {بقيت ثانية} two {بقيت ثانيتان} few {بقيت # ثوانٍ} many {بقيت # ثانية} other {بقيت # ثانية}}",
  "uploads.minutes_left":
    "{count, plural, zero {أقل من دقيقة} one {بقيت دقيقة} two {بقيت دقيقتان} few {بقيت # دقائق} many {بقيت # دقيقة} other {بقيت # دقيقة}}",
  "uploads.hours_left":
    "{count, plural, zero {أقل من ساعة} one {بقيت ساعة} two {بقيت ساعتان} few {بقيت # ساعات} many {بقيت # ساعة} other {بقيت # ساعة}}",
  "uploads.waiting": "ينتظر دوره",
  "uploads.retrying": "انقطع الاتصال. يُستأنف حالما يعود.",
  "uploads.done": "تم، {size}",
  "uploads.others":
    "{count, plural, zero {لا غيرها} one {وواحد آخر} two {واثنان آخران} few {و# أخرى} many {و# آخر} other {و# آخر}}",
  "uploads.pause": "أوقف {name} مؤقتًا",
  "uploads.resume": "تابع {name}",
  "uploads.cancel": "ألغِ {name}",
  "uploads.retry": "حاول {name} مرة أخرى",
  "uploads.pause_all": "أوقف الكل مؤقتًا",
  "uploads.resume_all": "تابع الكل",
  "uploads.cancel_all": "ألغِ الكل",
  "uploads.cancel_title": "إلغاء الرفع؟",
  "uploads.cancel_explain": "ما وصل كاملًا يبقى على صندوقك.",
  "uploads.go_on": "تابع الرفع",
  "uploads.more": "أظهر كلًا منها",
  "uploads.less": "أظهر أقل",

  "interrupted.title":
    "{count, plural, zero {لا شيء} one {انقطع رفع {name}.} two {انقطع رفع ملفين.} few {انقطع رفع # ملفات.} many {انقطع رفع # ملفًا.} other {انقطع رفع # ملف.}}",
  "interrupted.note": "اختر الملفات نفسها أو اسحبها إلى المجلد نفسه، فتُستأنف من حيث توقفت.",
  "interrupted.choose": "اختر ملفات",
  "interrupted.forget": "لا داعي",

  "error.some":
    "{count, plural, zero {لا شيء} one {بقي واحد كما كان} two {بقي اثنان كما كانا} few {بقيت # كما كانت} many {بقي # كما كان} other {بقي # كما كان}}: {why}",
  "error.internal": "تعثّر الصندوق. حاول مرة أخرى.",
  "error.offline": "تعذّر الوصول إلى صندوقك الآن. حاول بعد لحظة.",
  "error.denied": "لا يُسمح لك بذلك هنا.",
  "error.not_found": "لم يعد هذا هنا.",
  "error.gone": "لم يعد هذا هنا.",
  "error.conflict": "يوجد شيء بهذا الاسم هنا. اختر اسمًا آخر.",
  "error.too_large": "هذا أكبر مما يتسع له هذا الصندوق.",
  "error.no_space": "قرص الصندوق ممتلئ. أفسح مكانًا ثم حاول مرة أخرى.",
  "error.busy": "الصندوق مشغول. حاول بعد لحظة.",
  "error.bad_request": "هذا الاسم غير ممكن. اختر اسمًا آخر.",
};
