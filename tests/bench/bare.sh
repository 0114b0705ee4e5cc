#!/usr/bin/env bash
# Backup, disaster and recovery of the Liferay stack as a careful administrator would script them: the same images,
# volumes and commands as the drill, and nothing looked at but exit codes.
#
# Given:  a golden set of volumes (what its volumes' names begin with, up to the hyphen), and a folder for artefacts.
# Shape:  prints the seconds from the disaster to the first search that finds as much as the source's did.
# Exit:   0, or that of the first command that failed. Containers, volumes and networks are removed in any case.
set -euo pipefail

golden="$1" artefacts="$2" run="portal-drill-bench-$$"
tools=portal-drill/tools:3 postgres=portal-drill/postgresql:15 opensearch=portal-drill/opensearch:2.19.6-2
wagtail=portal-drill/wagtail:8.0.1
volumes="database search_data search_snapshots liferay_home document_library application_server source_code"
tree=(--numeric-owner --acls --xattrs '--xattrs-include=*' --sparse)
patterns='liferay-20101-wagtail*,liferay-20101-portal_* liferay-20101-search-tuning-*'

create() { # source or sandbox: the network and the volumes
  docker network create --internal "$run-$1" >/dev/null
  for volume in $volumes; do docker volume create "$run-$1-$volume" >/dev/null; done
}

remove() {
  docker ps -aq --filter "name=^$run-$1-" | xargs -r docker rm -f -v >/dev/null
  for volume in $volumes; do docker volume rm -f "$run-$1-$volume" >/dev/null; done
  docker network rm "$run-$1" >/dev/null
}

tool() { # mount, target folder, writable (rw or ro), command …
  docker run --rm --network none -v "$1:$2:$3" -v "$artefacts:/artefact" "$tools" "${@:4}"
}

serve() { # source or sandbox, service, docker's options, image and command …
  docker run -d --init --name "$run-$1-$2" --hostname "$2" --network "$run-$1" --network-alias "$2" "${@:3}" >/dev/null
}

launch_servers() {
  serve "$1" db -v "$run-$1-database:/var/lib/postgresql/data" -e POSTGRES_PASSWORD=Postgres-4711 "$postgres"
  serve "$1" search -v "$run-$1-search_data:/var/lib/opensearch" \
    -v "$run-$1-search_snapshots:/var/lib/opensearch-snapshots" "$opensearch"
}

await_database() {
  until docker exec "$run-$1-db" pg_isready -q -h localhost -U postgres; do sleep 0.1; done
}

await_search() {
  until curl -sf "$(url "$1" search 9200)/_cluster/health?wait_for_status=yellow" -o /dev/null; do sleep 0.1; done
}

start_portal() {
  serve "$1" web -v "$run-$1-liferay_home:/opt/liferay" -v "$run-$1-application_server:/opt/appserver" \
    -v "$run-$1-document_library:/opt/liferay/data/document_library" -v "$run-$1-source_code:/srv/git" \
    "$wagtail" /opt/appserver/bin/startup.sh
  until curl -sf "$(url "$1" web 8080)/api/portal/status" -o /dev/null; do sleep 0.1; done
}

url() {
  echo "http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$run-$1-$2"):$3"
}

client() { # source or sandbox, one of PostgreSQL's programs …
  docker run --rm -i --user 0 --network "$run-$1" -v "$artefacts:/artefact" -e PGPASSWORD=Postgres-4711 \
    --entrypoint "$2" "$postgres" -h db -U postgres "${@:3}"
}

opensearch() { # source or sandbox, method, path, body
  curl -sSf -X "$2" "$(url "$1" search 9200)/$3" -H 'Content-Type: application/json' -d "${4:-}" -o /dev/null
}

found() { # how much a search finds
  curl -sf "$(url "$1" web 8080)/api/search?q=portal&limit=1" | sed -n 's/.*"total": *\([0-9]*\).*/\1/p'
}

trap 'status=$?; set +e; { remove source; remove sandbox; } 2>/dev/null; exit $status' EXIT

# The source.
create source
for volume in $volumes; do
  docker run --rm --network none -v "$golden-$volume:/from:ro" -v "$run-source-$volume:/to" "$tools" cp -a /from/. /to
done
launch_servers source
await_database source
await_search source
start_portal source
total="$(found source)"
[ "${total:-0}" -gt 0 ]

# The backup: references before what they refer to.
client source pg_dumpall --globals-only --file /artefact/roles.sql
client source pg_dump --format=custom --file /artefact/database.dump portal
archive() { tool "$run-source-$1" /tree ro tar --create --file "/artefact/$1.tar" --one-file-system "${tree[@]}" -C /tree .; }
archive document_library
number=0
for pattern in $patterns; do
  name="bench-$((number += 1))"
  opensearch source PUT "_snapshot/$name" "{\"type\":\"fs\",\"settings\":{\"location\":\"$name\"}}"
  opensearch source PUT "_snapshot/$name/one?wait_for_completion=true" \
    "{\"indices\":\"$pattern\",\"include_global_state\":false}"
  tool "$run-source-search_snapshots" /from ro cp -R "/from/$name" /artefact/
done
archive liferay_home
archive application_server
tool "$run-source-source_code" /srv/git ro git -C /srv/git/modules.git bundle create /artefact/repository.bundle --all HEAD
owner="$(tool "$run-source-source_code" /srv/git ro stat -c %u:%g /srv/git/modules.git)"
(cd "$artefacts" && find . -type f ! -name manifest -exec sha256sum {} + >manifest)

# The disaster, and the recovery from the artefacts alone.
remove source
started=$EPOCHREALTIME
(cd "$artefacts" && sha256sum --quiet --check manifest)
create sandbox
launch_servers sandbox # what takes longest first
unpack() {
  tool "$run-sandbox-$1" /tree rw tar --extract --file "/artefact/$1.tar" "${tree[@]}" --same-owner \
    --preserve-permissions --warning=no-timestamp -C /tree
}
unpack application_server
unpack liferay_home
unpack document_library
await_database sandbox
sed 's/^CREATE ROLE postgres;$//' "$artefacts/roles.sql" |
  client sandbox psql -X -q -v ON_ERROR_STOP=1 --single-transaction -d postgres -f - >/dev/null
client sandbox pg_restore --create --exit-on-error --jobs=2 -d postgres /artefact/database.dump
client sandbox vacuumdb --analyze-only --quiet -d portal
await_search sandbox
for name in bench-2 bench-1; do # what people wrote first
  tool "$run-sandbox-search_snapshots" /to rw \
    sh -ec 'cp -R "/artefact/$1" /to/ && chown -R --reference=/to "/to/$1"' copy "$name"
  opensearch sandbox PUT "_snapshot/$name" "{\"type\":\"fs\",\"settings\":{\"location\":\"$name\"}}"
  opensearch sandbox POST "_snapshot/$name/one/_restore?wait_for_completion=true" \
    '{"include_global_state":false,"include_aliases":true}'
done
tool "$run-sandbox-source_code" /srv/git rw sh -ec 'git clone --mirror --quiet /artefact/repository.bundle /srv/git/modules.git
  git -C /srv/git/modules.git remote remove origin; chown -R "$1" /srv/git/modules.git' clone "$owner"
tool "$run-sandbox-liferay_home" /home rw sed -i -e s/scheduler.enabled=true/scheduler.enabled=false/ \
  -e 's/\(mail\|hooks\|reports\|portal\)\.production\.example/\1.sandbox.invalid/' \
  -e s/198.51.100.20:7800/127.0.0.1:7800/ /home/portal-ext.properties /home/portal-setup-wizard.properties
start_portal sandbox
until [ "$(found sandbox)" = "$total" ]; do sleep 0.1; done
ended=$EPOCHREALTIME
echo "$(((${ended/./} - ${started/./}) / 1000))" | sed 's/...$/.&/'
