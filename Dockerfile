# syntax=docker/dockerfile:1
# Two stages: the first builds an environment, the second only runs it. No compiler in the last one.
FROM python:3.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/pitwire
ENV PATH=/opt/pitwire/bin:$PATH
WORKDIR /src
COPY requirements.lock ./
RUN pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY adapters adapters
COPY storage storage
RUN pip install --no-deps --no-build-isolation . \
    && pip uninstall --yes hatchling editables \
    && python -m compileall -q -o 0 -o 2 /opt/pitwire

FROM python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="Pitwire" \
      org.opencontainers.image.description="The newswire bot for motorsport communities" \
      org.opencontainers.image.licenses="MIT"
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin pitwire \
    && install --directory --owner=pitwire --group=pitwire /data
COPY --from=build /opt/pitwire /opt/pitwire
ENV PATH=/opt/pitwire/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PITWIRE_DATABASE_URL=sqlite:////data/pitwire.sqlite3 \
    PITWIRE_WEB__LISTEN=127.0.0.1:8080
USER 10001
WORKDIR /data
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["pitwire"]
CMD ["run"]
