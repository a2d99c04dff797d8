import { accepted, type Offers } from '../../http/accept.ts'

export type Form = 'json' | 'html' | 'text'

/** What is taken as well as another goes in this order: programs take any, browsers say that they want HTML. */
const all: Offers<Form> = [
  ['json', 'application/json'],
  ['html', 'text/html'],
  ['text', 'text/plain'],
]

/** Which of the forms that there are a client takes best, by its Accept; null where it takes none. */
export function chooser(
  bodies: Readonly<Partial<Record<Form, string>>>,
): (accept: string | undefined) => Form | null {
  const there = all.filter(([form]) => bodies[form] !== undefined)
  return accept => accepted(accept, there)
}
