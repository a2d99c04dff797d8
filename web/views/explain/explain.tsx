import { useMutation } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useEffect, useState, type SubmitEvent } from 'react'
import { askJson } from '../../api/request.ts'
import type { Explanation } from '../../api/explanation.ts'
import { Empty, Waiting } from '../../parts/answers.tsx'
import { Page } from '../../parts/page.tsx'
import { failedTexts } from '../../texts/common.ts'
import { explainTexts as t } from '../../texts/explain.ts'
import { Explained } from './explained.tsx'
import { withoutSecrets } from './address.ts'
import { readHeaders } from './headers.ts'

const here = getRouteApi('/explain')
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map(
  name => [name, name] as const,
)

/** Of ten thousand routes nobody reads all reasons. */
const MOST_OTHERS = 1_000

interface Question {
  readonly method: string
  readonly url: string
  readonly headers: readonly { readonly name: string; readonly value: string }[]
}

export function Explain() {
  const search = here.useSearch()
  const navigate = here.useNavigate()
  const [method, setMethod] = useState(search.method ?? 'GET')
  const [url, setUrl] = useState(search.url ?? '')
  // Headers may be credentials: they are not in the address, which browsers keep.
  const [headers, setHeaders] = useState('')
  const [wrong, setWrong] = useState<string | null>(null)
  const answer = useMutation({
    mutationFn: (question: Question) =>
      askJson<Explanation>('/v1/explain', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...question, others: MOST_OTHERS }),
      }),
  })
  const { mutate } = answer
  useEffect(() => {
    if (search.url !== undefined) mutate({ method: search.method ?? 'GET', url: search.url, headers: [] })
    // Only what the page was opened with: later questions are asked by the button.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [mutate])
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const read = readHeaders(headers)
    setWrong(typeof read === 'string' ? read : null)
    if (typeof read === 'string' || url.trim() === '') return
    void navigate({ search: { method, url: withoutSecrets(url.trim()) }, replace: true })
    mutate({ method, url: url.trim(), headers: read })
  }
  return (
    <Page title={t.title} about={t.about}>
      <form className="ask" onSubmit={submit}>
        <label className="field tall">
          <span>{t.method}</span>
          <select value={method} onChange={event => setMethod(event.target.value)}>
            {methods.map(([name]) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label className="field tall url">
          <span>{t.url}</span>
          <input
            data-first-filter=""
            value={url}
            required
            spellCheck={false}
            autoComplete="off"
            placeholder="http://shop.example:8080/cart"
            onChange={event => setUrl(event.target.value)}
          />
          <small>{t.urlHint}</small>
        </label>
        <label className="field tall headers">
          <span>{t.headers}</span>
          <textarea
            rows={2}
            value={headers}
            spellCheck={false}
            autoComplete="off"
            placeholder="accept: application/json"
            aria-invalid={wrong !== null}
            onChange={event => setHeaders(event.target.value)}
          />
          <small role={wrong === null ? undefined : 'alert'} className={wrong === null ? undefined : 'bad'}>
            {wrong ?? t.headersHint}
          </small>
        </label>
        <button type="submit" className="main">
          {t.submit}
        </button>
      </form>
      <div aria-live="polite" className="stack">
        {answer.isPending ? (
          <Waiting />
        ) : answer.error !== null ? (
          <Empty title={failedTexts.title} role="alert">
            <p>{answer.error.message}</p>
          </Empty>
        ) : answer.data === undefined ? (
          <Empty title={t.empty}>
            <p>{t.emptyHint}</p>
          </Empty>
        ) : (
          <Explained answer={answer.data} />
        )}
      </div>
    </Page>
  )
}
