/** Does the work for each item, so many at once. When one fails, no other is begun, and the first failure is thrown
 *  after those under way have ended. */
export async function eachAtOnce<Item>(
  items: readonly Item[],
  most: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const takeTurns = async (): Promise<void> => {
    for (let item = items[next]; item !== undefined && failures.length === 0; item = items[next]) {
      next += 1;
      try {
        await work(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, takeTurns));
  if (failures.length > 0) throw failures[0];
}
