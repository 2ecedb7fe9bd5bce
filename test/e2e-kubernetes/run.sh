#!/bin/sh
# What `make e2e-kubernetes` does: the image under two names, into the cluster, then the tests. What is asked of the environment is
# in settings.ts; besides that E2E_LOAD_IMAGE is a command that brings the image `{}` to the nodes, `docker push {}` or
# `kind load docker-image {}`, and BASE_IMAGE another base of the image. Arguments go to vitest.
set -eu
cd "$(dirname "$0")/../.."
: "${KUBECONFIG:?names no cluster}"
: "${E2E_IMAGE:=iec104mm2ss:e2e}" "${E2E_NEXT_IMAGE:=$E2E_IMAGE-next}"
export E2E_IMAGE E2E_NEXT_IMAGE
docker/build.sh "$E2E_IMAGE"
"${DOCKER:-docker}" tag "$E2E_IMAGE" "$E2E_NEXT_IMAGE"
for image in "$E2E_IMAGE" "$E2E_NEXT_IMAGE"; do
  [ -z "${E2E_LOAD_IMAGE:-}" ] || sh -c "$(printf '%s\n' "$E2E_LOAD_IMAGE" | sed "s#{}#$image#g")"
done
exec vitest run --project e2e-kubernetes "$@"
