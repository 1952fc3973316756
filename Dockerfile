# Three stages: GraphiQL, the program, and an image with nothing but the program. Build it with `docker build -t headcount .`

FROM node:24.15.0-bookworm-slim AS ui
WORKDIR /build/ui
# Packages change seldom: a layer of their own.
COPY ui/package.json ui/package-lock.json ui/.npmrc ./
RUN npm ci --ignore-scripts
COPY ui/ ./
RUN npm run build

FROM rust:1.95.0-bookworm AS program
WORKDIR /build
# The stage above has built ui/; there is no Node.js in this one.
ENV HEADCOUNT_UI=skip
# Dependencies change seldom too. They are compiled with empty stand-ins for our own sources, which are then forgotten.
COPY Cargo.toml Cargo.lock ./
RUN mkdir -p src tests/it data \
 && touch src/lib.rs tests/it/main.rs \
 && echo 'fn main() {}' > src/main.rs \
 && cargo build --release --locked \
 && cargo clean --release --locked --package headcount
COPY build.rs ./
COPY src/ src/
COPY --from=ui /build/ui/dist/ ui/dist/
RUN cargo build --release --locked

# Certificates, time zones and the C library; no shell. Its user is 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="Headcount" \
      org.opencontainers.image.description="One self-hosted GraphQL endpoint over all of a company's Atlassian organisations" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=program /build/target/release/headcount /usr/local/bin/headcount
# The database: the one thing to keep. An empty folder, so that a new volume belongs to the user.
COPY --from=program --chown=65532:65532 /build/data/ /var/lib/headcount/
ENV HEADCOUNT__HTTP__LISTEN=0.0.0.0:8080 \
    HEADCOUNT__STORE__PATH=/var/lib/headcount/headcount.db
VOLUME ["/var/lib/headcount"]
WORKDIR /var/lib/headcount
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
  CMD ["/usr/local/bin/headcount", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/headcount"]
CMD ["serve", "--config", "/etc/headcount/headcount.toml"]
