import type { Way } from '../../runs/run.ts';

/**
 * Unwinds a pass whose way of listing does not suit its server; it never reaches a user. The pass begins again in
 * another way: what was noted in this one is dropped. `remember` says that the next runs should begin so too.
 */
export class WayChange extends Error {
  readonly to: Exclude<Way, 'ranges'>;
  readonly remember: boolean;

  /** @param why what was seen, in words for a person. */
  constructor(to: Exclude<Way, 'ranges'>, why: string, remember: boolean) {
    super(why);
    this.name = 'WayChange';
    this.to = to;
    this.remember = remember;
  }
}
