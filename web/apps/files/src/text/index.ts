import { Texts } from "@hearth/ui";
import { en } from "./en.ts";

export function makeTexts(): Texts {
  return new Texts(en, async (locale) => {
    switch (locale) {
      case "de":
        return (await import("./de.ts")).de;
      case "ar":
        return (await import("./ar.ts")).ar;
      case "en":
        return en;
    }
  });
}
