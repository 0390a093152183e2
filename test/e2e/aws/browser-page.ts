/** What a page may see of an answer. */
export type Seen = { readonly status: number; readonly body: unknown; readonly readable: readonly string[] };

/** A page in a browser, as far as what it may ask of another origin goes. */
export type Page = {
  /** Asks as `fetch` does in a page. Throws where the browser would not send the request, or not show the answer. */
  fetch(method: string, path: string, headers: Readonly<Record<string, string>>): Promise<Seen>;
};

/**
 * Keeps to https://fetch.spec.whatwg.org, for requests that need a preflight: the question, its answer, the request, and
 * after a redirect all of it again. `url` is where the routes begin.
 */
export function createPage(origin: string, url: string): Page {
  return {
    async fetch(method, path, headers) {
      let target = `${url}${path}`;
      for (let redirects = 0; redirects <= 20; redirects += 1) {
        await askFirst(origin, method, target, Object.keys(headers));
        const answer = await fetch(target, { method, redirect: 'manual', headers: { ...headers, origin } });
        demandLeave(answer, origin);
        const location = answer.headers.get('location');
        if (answer.status !== 308 || location === null) return seenOf(answer);
        target = new URL(location, target).href;
      }
      throw new Error('the browser refuses: too many redirects');
    },
  };
}

/** The preflight never carries the key. */
async function askFirst(origin: string, method: string, target: string, names: readonly string[]): Promise<void> {
  const asked = names.map((name) => name.toLowerCase()).sort();
  const answer = await fetch(target, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': asked.join(','),
    },
  });
  demandLeave(answer, origin);
  if (!answer.ok) throw new Error(`the browser refuses: the preflight answered ${answer.status}`);
  const isSafe = ['GET', 'HEAD', 'POST'].includes(method);
  if (!isSafe && !listed(answer, 'access-control-allow-methods').includes(method)) {
    throw new Error(`the browser refuses: ${method} is not allowed`);
  }
  const allowed = listed(answer, 'access-control-allow-headers').map((name) => name.toLowerCase());
  const missing = asked.filter((name) => !allowed.includes(name));
  if (missing.length > 0) throw new Error(`the browser refuses: ${missing} may not be sent`);
}

function demandLeave(answer: Response, origin: string): void {
  // Two of them would come joined by a comma, which is neither.
  const allowed = answer.headers.get('access-control-allow-origin');
  if (allowed !== origin && allowed !== '*') {
    throw new Error(`the browser refuses: ${answer.status} allows the origin ${allowed}`);
  }
}

async function seenOf(answer: Response): Promise<Seen> {
  const text = await answer.text();
  return {
    status: answer.status,
    body: text === '' ? undefined : JSON.parse(text),
    readable: listed(answer, 'access-control-expose-headers'),
  };
}

function listed(answer: Response, name: string): string[] {
  return (answer.headers.get(name) ?? '').split(',').map((each) => each.trim());
}
