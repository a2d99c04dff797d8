import { Link, type ErrorComponentProps } from '@tanstack/react-router'
import { Empty } from '../parts/answers.tsx'
import { Page } from '../parts/page.tsx'
import { crashedTexts, notFoundTexts } from '../texts/shell.ts'

export function NotFound() {
  return (
    <Page title={notFoundTexts.title}>
      <p>{notFoundTexts.text}</p>
      <p>
        <Link to="/">{notFoundTexts.back}</Link>
      </p>
    </Page>
  )
}

export function Crashed({ error }: ErrorComponentProps) {
  return (
    <Empty title={crashedTexts.title} role="alert">
      <p>{crashedTexts.text}</p>
      <pre>{error instanceof Error ? error.message : String(error)}</pre>
      <button type="button" onClick={() => location.reload()}>
        {crashedTexts.again}
      </button>
    </Empty>
  )
}
