# The image of Portcullis: what `npm pack` would publish, on Node's slim image, for an account without rights.
#   docker build -t portcullis .
#   docker run --rm -p 8080:8080 -v "$PWD/portcullis:/etc/portcullis:ro" --read-only portcullis
# Every flag of `portcullis run` is a variable PORTCULLIS_…. The admin listener is on loopback, for the health check;
# PORTCULLIS_ADMIN=0.0.0.0:8900 shows /readyz and /metrics to others.
FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# The image has its Node.js; the pinned one is for machines that have not.
RUN npm ci --no-audit --no-fund --ignore-scripts
COPY build ./build
COPY src ./src
COPY tsconfig.json LICENSE ./
COPY web ./web
RUN npm run build

FROM node:24-slim
WORKDIR /opt/portcullis
COPY --from=build /build/package.json ./
COPY --from=build /build/dist ./dist
COPY LICENSE ./
COPY bin ./bin
ENV NODE_ENV=production PORTCULLIS_DATA=/var/lib/portcullis PORTCULLIS_ADMIN=127.0.0.1:8900
RUN install -d -o 65532 -g 65532 -m 0700 /var/lib/portcullis && install -d /etc/portcullis
USER 65532:65532
VOLUME /var/lib/portcullis
EXPOSE 8080 8443 8900
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s CMD ["/opt/portcullis/bin/portcullis", "healthcheck"]
ENTRYPOINT ["/opt/portcullis/bin/portcullis"]
CMD ["run", "/etc/portcullis"]
