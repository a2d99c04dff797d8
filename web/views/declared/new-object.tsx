import { getRouteApi } from '@tanstack/react-router'
import { ChoiceField } from '../../parts/form.tsx'
import { Page } from '../../parts/page.tsx'
import { declaredTexts as t } from '../../texts/declared.ts'
import { Closed } from '../records/closed.tsx'
import { Editor } from './editor.tsx'
import { templates, type TemplateKind } from './templates.ts'

const here = getRouteApi('/apis/new')
const kinds = Object.keys(templates) as readonly TemplateKind[]

export function NewObject() {
  const { kind: asked } = here.useSearch()
  const navigate = here.useNavigate()
  const kind = kinds.find(one => one === asked) ?? 'API'
  return (
    <Page title={t.new} about={t.newAbout}>
      <Closed needs={['apis:write', 'routes:write']}>
        <ChoiceField
          label={t.kind}
          value={kind}
          options={kinds.map(one => [one, one] as const)}
          onChange={next => void navigate({ search: { kind: next }, replace: true })}
        />
        <Editor key={kind} text={templates[kind]} read={null} />
      </Closed>
    </Page>
  )
}
