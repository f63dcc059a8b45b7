"use strict";

/** Several at once, in no promised order; each stands for itself. */
globalThis.runCases = async () => {
  const results = [];
  const queue = [...cases];
  const turn = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { name, run } = next;
      let timer;
      const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error("nothing came of it in 20 s")), 20_000);
      });
      try {
        await Promise.race([run(), late]);
        results.push({ name });
      } catch (error) {
        results.push({ name, why: String(error.message ?? error) });
        console.debug(`case ${name}: ${error.message ?? error}`);
      }
      clearTimeout(timer);
    }
  };
  await Promise.all(Array.from({ length: 6 }, turn));
  return results;
};
