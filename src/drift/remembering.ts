/** Shorter texts are judged faster than remembered. */
const SHORTEST = 4096;
const MOST_TEXTS = 16;

/**
 * A judgement of texts that remembers its latest answers: several rules ask for the same one, and an attacker's
 * file comes in many copies.
 */
export function remembering<T>(judge: (text: string) => T): (text: string) => T {
  /** In the order of their last use. */
  const answers = new Map<string, { readonly answer: T }>();
  return (text) => {
    if (text.length < SHORTEST) return judge(text);
    const known = answers.get(text);
    const answer = known === undefined ? judge(text) : known.answer;
    answers.delete(text);
    answers.set(text, { answer });
    const [oldest] = answers.keys();
    if (answers.size > MOST_TEXTS && oldest !== undefined) answers.delete(oldest);
    return answer;
  };
}
