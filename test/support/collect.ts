/** All that an async iterable yields. */
export async function collect<Each>(all: AsyncIterable<Each>): Promise<Each[]> {
  const each: Each[] = [];
  for await (const one of all) each.push(one);
  return each;
}
