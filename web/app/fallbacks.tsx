import { Link, type ErrorComponentProps } from '@tanstack/react-router'
import { Empty } from '../parts/answers.tsx'
import { Page } from '../parts/page.tsx'
import { texts } from '../texts.ts'

export function NotFound() {
  return (
    <Page title={texts.notFound.title}>
      <p>{texts.notFound.text}</p>
      <p>
        <Link to="/">{texts.notFound.back}</Link>
      </p>
    </Page>
  )
}

export function Crashed({ error }: ErrorComponentProps) {
  return (
    <Empty title={texts.crashed.title} role="alert">
      <p>{texts.crashed.text}</p>
      <pre>{error instanceof Error ? error.message : String(error)}</pre>
      <button type="button" onClick={() => location.reload()}>
        {texts.crashed.again}
      </button>
    </Empty>
  )
}
