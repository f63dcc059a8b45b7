/** The switchboard's memory: offers and questions that wait for their other half. */

/** tab → switchboard: with a port it is an offer, without one a question. */
export interface SwitchboardMessage {
  word: string;
}

/** switchboard → tab: `ready` first, then answers, each with its port. */
export type SwitchboardAnswer = { ready: true } | { word: string };

/** Of each kind; the oldest goes. Words are used once and within a second. */
const maxWaiting = 256;

export class Exchange {
  readonly #offers = new Map<string, MessagePort>();
  readonly #questions = new Map<string, (port: MessagePort) => void>();

  offer(word: string, port: MessagePort): void {
    const answer = this.#questions.get(word);
    this.#questions.delete(word);
    if (answer !== undefined) return answer(port);
    this.#offers.set(word, port);
    if (this.#offers.size <= maxWaiting) return;
    for (const [oldest, forgotten] of this.#offers) {
      forgotten.close();
      this.#offers.delete(oldest);
      return;
    }
  }

  ask(word: string, answer: (port: MessagePort) => void): void {
    const port = this.#offers.get(word);
    this.#offers.delete(word);
    if (port !== undefined) return answer(port);
    this.#questions.set(word, answer);
    if (this.#questions.size <= maxWaiting) return;
    for (const oldest of this.#questions.keys()) {
      this.#questions.delete(oldest);
      return;
    }
  }
}
