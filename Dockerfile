# The app: one image for both colours, for the one-shots `migrate` and `bootstrap`, and for
# `drill-check`.
# Built by `docker compose -f deploy/docker-compose.prod.pg.yml up`; nothing has to be set.

FROM python:3.13-slim-trixie AS build

# Wheels only, each held to its hash: nothing is compiled here and nothing unknown is run.
COPY requirements.txt /app/requirements.txt
RUN python3 -m venv --without-pip /opt/venv \
 && python3 -m pip --python /opt/venv/bin/python install --no-cache-dir --no-compile \
      --disable-pip-version-check --require-hashes --only-binary :all: -r /app/requirements.txt

WORKDIR /app
COPY docker/app/gunicorn.conf.py docker/app/healthcheck.py docker/app/drill_check.py ./
COPY backend backend
COPY docker/app/stamp.py /tmp/stamp.py

# A clone made under umask 077 holds files that only root could read in the image.
# Bytecode is compiled here because nothing can be written at run time, and is trusted as it is:
# file times differ between two builds of the same tree.
RUN python3 /tmp/stamp.py /app >VERSION \
 && chmod -R u=rwX,go=rX /app \
 && /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /app/backend /opt/venv/lib


FROM python:3.13-slim-trixie AS runtime

LABEL org.opencontainers.image.title="hesap-paylas" \
      org.opencontainers.image.description="Share the bill" \
      org.opencontainers.image.licenses="MIT"

# Installers and ways to become somebody else have no place beside the app.
RUN find / -xdev -type d \( -path '*-packages/pip' -o -path '*-packages/pip-*' \
      -o -path '*-packages/setuptools*' -o -path '*-packages/wheel*' -o -name ensurepip \) \
      -prune -exec rm -rf {} + \
 && find / -xdev \( -path '*/bin/pip*' -o -path '*/bin/wheel*' \) -delete \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} +

# The public image ships the standard library as source alone: every start would compile it anew.
RUN python3 -m compileall -q --invalidation-mode unchecked-hash -x '/(tests?|idlelib|turtledemo)/' \
      "$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LANG=C.UTF-8

COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app

# What a new volume takes its owner from: `migrate` notes there which points it can be taken back to.
RUN install -d -o 10001 -g 10001 /run/restore-points

WORKDIR /app
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["gunicorn", "-c", "/app/gunicorn.conf.py", "backend.wsgi:app"]
