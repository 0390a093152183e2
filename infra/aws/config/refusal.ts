/** Why a stack is not made. Its message is all that whoever deploys has to read: what was seen, and what to change. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
