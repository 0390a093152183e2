import { refuse } from './listing-refusal.ts';

/** Gathers what the server of one page is forgiven. AWS's own hosts are forgiven nothing. */
export class Leniency {
  readonly #foreign: boolean;
  readonly #names = new Set<string>();

  constructor(foreign: boolean) {
    this.#foreign = foreign;
  }

  get isStrict(): boolean {
    return !this.#foreign;
  }

  /** Short names of what was forgiven, each once. */
  get names(): readonly string[] {
    return [...this.#names];
  }

  /** @throws Failure `listing_not_proved` of an AWS host. */
  forgive(name: string, seen: string, what: string): void {
    if (!this.#foreign) refuse(seen, what);
    this.#names.add(name);
  }

  /** Remembers what is harmless of any server, but tells something of this one. */
  note(name: string): void {
    if (this.#foreign) this.#names.add(name);
  }
}
