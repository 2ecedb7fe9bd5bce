#!/bin/sh
# Builds the image from what `make build` has left: docker/build.sh [IMAGE]. BASE_IMAGE and DOCKER (an engine's command) may
# be others. Prints the image's name.
set -eu
cd "$(dirname "$0")/.."
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
[ -z "$(git status --porcelain 2>/dev/null)" ] || revision=$revision-dirty
image=${1:-iec104mm2ss:$version}
node tools/bundle/sbom.mjs >&2
"${DOCKER:-docker}" build -f docker/Dockerfile --target from-bundle -t "$image" \
  --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
  ${BASE_IMAGE:+--build-arg "BASE_IMAGE=$BASE_IMAGE"} . >&2
echo "$image"
