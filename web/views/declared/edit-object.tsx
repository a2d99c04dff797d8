import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { stringify } from 'yaml'
import type { ObjectRef } from '../../../src/api/shapes/declared.ts'
import { storedObjectsQuery } from '../../api/recorded.ts'
import { Answer, Empty } from '../../parts/answers.tsx'
import { Page } from '../../parts/page.tsx'
import { declaredTexts as t } from '../../texts/declared.ts'
import { Closed } from '../records/closed.tsx'
import { Editor } from './editor.tsx'

const here = getRouteApi('/apis/edit/$group/$kind/$namespace/$name')

export function EditObject() {
  const params = here.useParams()
  const group = params.group === 'core' ? '' : params.group
  const namespace = params.namespace === '-' ? '' : params.namespace
  return (
    <Page title={`${params.kind}/${params.name}`} about={t.editAbout}>
      <Closed needs={['apis:write', 'routes:write']}>
        <Stored object={{ ...params, group, namespace }} />
      </Closed>
    </Page>
  )
}

function Stored({ object: { group, kind, namespace, name } }: { readonly object: ObjectRef }) {
  const query = useQuery(storedObjectsQuery({ kind, ...(namespace !== '' && { namespace }) }))
  return (
    <Answer query={query}>
      {({ items }) => {
        const stored = items.find(({ object }) => object.group === group && object.name === name)
        if (stored === undefined)
          return (
            <Empty title={t.missing}>
              <p>{t.missingHint}</p>
            </Empty>
          )
        const text = stringify(stored.body, { lineWidth: 0, aliasDuplicateObjects: false })
        return <Editor key={stored.object.name} text={text} read={stored} />
      }}
    </Answer>
  )
}
