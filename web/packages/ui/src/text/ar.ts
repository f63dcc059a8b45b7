import type { UiKey } from "./en.ts";

export const ar: Record<UiKey, string> = {
  "ui.close": "إغلاق",
  "ui.undo": "تراجع",
  "ui.dismiss": "إخفاء",
  "ui.show_password": "إظهار كلمة المرور",
  "ui.hide_password": "إخفاء كلمة المرور",
  "ui.notifications": "الإشعارات",
  "ui.clear_search": "مسح البحث",
  "ui.details": "التفاصيل",
  "ui.copy": "نسخ",
  "ui.copied": "تم النسخ",
  "ui.more": "المزيد",
  "ui.direct": "مباشر",
  "ui.relayed": "عبر وسيط",
  "ui.connecting": "جارٍ الاتصال",
  "ui.offline": "غير متصل",
  "ui.skip": "انتقل إلى المحتوى",
};
