/** What the machine has left for the catalogue; absent where it grows without end. */
export type Room = {
  /** To be awaited before more is stored; as often as one likes, for it is looked up every few seconds. Throws Failure
   *  `quota_exceeded` where there is too little. */
  demand(): Promise<void>;
};
