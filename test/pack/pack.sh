#!/usr/bin/env bash
# Packs the package as npm would publish it, installs it where no source is near, and runs what a user would.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "pack: $*" >&2
  exit 1
}

cd "$root"
npm pack --pack-destination "$work" >"$work/pack.log" 2>&1 || fail "npm pack: $(cat "$work/pack.log")"
tarball=$(echo "$work"/portcullis-*.tgz)
listed=$(tar -tzf "$tarball")
for file in bin/portcullis dist/cli/main.js dist/cli/worker.js dist/cli/hash-thread.js dist/composition/composition.js dist/composition/testing.js \
  dist/composition/types/composition/composition.d.ts dist/composition/typebox/index.js dist/web/index.html dist/web/index.html.br dist/THIRD-PARTY.txt package.json LICENSE README.md CHANGELOG.md \
  docs/ARCHITECTURE.md examples/quickstart/portcullis/routes.yaml deploy/portcullis.service; do
  grep -qx "package/$file" <<<"$listed" || fail "$file is not in the package"
done
if grep -vE '^package/dist/composition/types/.*\.d\.ts$' <<<"$listed" | grep -E '\.ts$|\.test\.|/(src|test|testing|bench)/'; then fail 'these do not belong in the package'; fi

mkdir "$work/packed" && tar -xzf "$tarball" -C "$work/packed"
if grep -rlF "$root" "$work/packed"; then fail 'these name the folder in which they were built'; fi

version=$(node -p 'require("./package.json").version')
# The pinned Node, as a user with a new enough one would have it; a clone's own must not help.
node=$(readlink -f node_modules/node/bin/node)
mkdir "$work/node"
ln -s "$node" "$work/node/node"

mkdir "$work/app" && cd "$work/app"
echo '{ "name": "app", "private": true }' >package.json
npm install --silent --no-audit --no-fund --engine-strict=false "$tarball"

expect() { # WHAT EXPECTED COMMAND…
  local what=$1 expected=$2 said
  shift 2
  said=$("$@" 2>&1) || fail "$what: exit code $?: $said"
  [[ $said == *"$expected"* ]] || fail "$what: expected '$expected' in: $said"
  echo "pack: $what: ok"
}
path=$work/node:/usr/bin:/bin
expect 'through node_modules/.bin' "portcullis $version" env PATH="$path" node_modules/.bin/portcullis --version
expect 'through npx' "portcullis $version" env PATH="$path:$PATH" npx --no-install portcullis --version
expect 'help' 'Usage: portcullis run' env PATH="$path" node_modules/.bin/portcullis run --help
expect 'check from compiled JavaScript' 'ok: 1 port' \
  env PATH="$path" node_modules/.bin/portcullis check "$root/examples/quickstart/portcullis"

printf 'apiVersion: v1\nkind: Service\nmetadata: { name: s }\nspec: { ports: [{ port: high }] }\n' >wrong.yaml
code=0
said=$(env PATH="$path" node_modules/.bin/portcullis check wrong.yaml 2>&1) || code=$?
[[ $code == 1 && $said == *'wrong.yaml:4:19'*'spec.ports[0].port'*'expected an integer'* ]] || fail "of a wrong resource: exit code $code, it said: $said"
echo 'pack: says what is wrong with a resource: ok'

# Serving needs the workers, whose file the compiled program must find too. Its own answer is enough: 404.
# Not the system's choice of a port, which it may give to a connection before we use it.
read -r port admin < <("$node" --input-type=module -e '
  const { freePort } = await import(process.argv[1])
  console.log(await freePort(), await freePort())' "$root/test/support/process.ts")
cat >gateway.yaml <<YAML
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: pack }
spec:
  gatewayClassName: portcullis
  addresses: [{ type: IPAddress, value: 127.0.0.1 }]
  listeners: [{ name: http, protocol: HTTP, port: $port }]
YAML
env PATH="$path" node_modules/.bin/portcullis run gateway.yaml --workers 1 --admin "127.0.0.1:$admin" >run.log 2>&1 &
running=$!
status=$("$node" -e '
  const [url, deadline] = [process.argv[1], Date.now() + 15000]
  const ask = () => fetch(url).then(answer => console.log(answer.status), () =>
    Date.now() < deadline ? setTimeout(ask, 50) : console.log("no answer"))
  ask()' "http://127.0.0.1:$port/")
kill -TERM "$running"
code=0
wait "$running" || code=$?
[[ $status == 404 ]] || fail "run from the package: expected 404 from the gateway, got $status: $(cat run.log)"
[[ $code == 0 ]] || fail "run from the package: exit code $code after SIGTERM: $(cat run.log)"
echo 'pack: run from compiled JavaScript, ended by SIGTERM: ok'

npm install --silent --no-audit --no-fund --engine-strict=false --global --prefix "$work/global" "$tarball"
expect 'a global installation' "portcullis $version" env PATH="$path" "$work/global/bin/portcullis" --version

# Somebody who writes a composition: from nothing but the program, then with what npm brings.
expect 'a new composition' 'portcullis composition test' env PATH="$path" node_modules/.bin/portcullis composition new shop
cd shop
expect 'its test, where nothing is installed' 'pass 3' env PATH="$path" "$work/global/bin/portcullis" composition test
# The types of the program lie where there is no TypeBox: they are to find that of the folder, or any result would fit.
npm install --silent --no-audit --no-fund --engine-strict=false
expect 'its types' 'types: ok' env PATH="$path" "$work/global/bin/portcullis" composition test
sed 's,name: x.user.name,name: 7,' shop.gateway.ts >wrong.gateway.ts
code=0
said=$(env PATH="$path" "$work/global/bin/portcullis" composition test 2>&1) || code=$?
[[ $code == 1 && $said == *'wrong.gateway.ts('*"'number' is not assignable to type 'string'"* ]] || fail "of a wrong result: exit code $code, it said: $said"
echo 'pack: a wrong result does not compile: ok'
rm wrong.gateway.ts
cd "$work/app" && mkdir stranger && cp shop/*.ts shop/contracts/*.yaml stranger && cd stranger
sed -i 's,\./\.portcullis/,./,' ./*.ts
cat >package.json <<'JSON'
{ "name": "stranger", "private": true, "type": "module" }
JSON
cat >tsconfig.json <<'JSON'
{ "compilerOptions": { "target": "esnext", "lib": ["esnext"], "module": "nodenext", "types": ["node"], "strict": true,
  "exactOptionalPropertyTypes": true, "noUncheckedIndexedAccess": true, "noEmit": true,
  "allowImportingTsExtensions": true, "verbatimModuleSyntax": true }, "include": ["*.ts"] }
JSON
pinned() { node -p "'$1@' + require('$root/package.json').devDependencies['$1']"; }
npm install --silent --no-audit --no-fund --engine-strict=false "$tarball" \
  "$(pinned typebox)" "$(pinned @bufbuild/protobuf)" "$(pinned typescript)" "$(pinned @types/node)"
for name in shop users; do env PATH="$path" node_modules/.bin/portcullis composition gen "$name.yaml" -o "$name.d.ts"; done
# Declarations of the package are looked at too.
env PATH="$path" node_modules/.bin/tsc -p . || fail 'the types of a composition: see above'
echo 'pack: the types of a composition: ok'
expect 'its test by node alone' 'pass 3' env PATH="$path" node --test
sed -i "s,'/users/{id}','/user/{id}'," shop.gateway.ts
if said=$(env PATH="$path" node_modules/.bin/tsc --pretty false -p .); then fail 'an unknown path compiles'; fi
[[ $said == *'shop.gateway.ts('*'"/user/{id}"'* ]] || fail "of an unknown path tsc said: $said"
echo 'pack: an unknown path does not compile: ok'
cd "$work/app"

# Without a Node that is new enough it says so, and does not try.
mkdir "$work/old" && printf '#!/bin/sh\necho v18.20.0\n' >"$work/old/node" && chmod +x "$work/old/node"
if said=$(env PATH="$work/old:/bin:/usr/bin" node_modules/.bin/portcullis --version 2>&1); then
  fail "started with node 18: $said"
fi
[[ $said == *'needs Node.js'*'v18.20.0'*': npm install node@24' ]] || fail "with node 18 it said: $said"
echo 'pack: refuses node 18: ok'
# The command that it names for a global installation mends it.
said=$(env PATH="$work/old:/bin:/usr/bin" "$work/global/bin/portcullis" --version 2>&1) && fail "started with node 18: $said"
[[ $said == *": npm install -g --no-bin-links node@24" ]] || fail "with node 18, installed globally, it said: $said"
npm install --silent --no-audit --no-fund -g --prefix "$work/global" --no-bin-links node@24
expect 'a global installation beside node 18' "portcullis $version" env PATH="$work/old:/bin:/usr/bin" "$work/global/bin/portcullis" --version

# A clone in which nothing is installed yet says what to do, also where the machine's node is new enough.
mkdir -p "$work/clone/src/cli" && cp -r "$root/bin" "$root/package-lock.json" "$work/clone"
cp "$root/src/cli/main.ts" "$work/clone/src/cli"
code=0
said=$(env PATH="$path" "$work/clone/bin/portcullis" check 2>&1) || code=$?
[[ $code == 69 && $said == *'run `npm ci` in '* ]] || fail "in a fresh clone: exit code $code, it said: $said"
echo 'pack: asks for npm ci in a fresh clone: ok'
