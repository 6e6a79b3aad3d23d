# The production image: gunicorn behind your TLS, as an account without rights.
# Needs PostgreSQL 14 or newer with pgvector, and the variables of .env.example; compose.yaml brings
# both together on one machine.
ARG PYTHON=python:3.11-slim-bookworm

# What only the build needs stays in this stage.
FROM ${PYTHON} AS build
WORKDIR /srv/backoffice
COPY requirements.txt ./
# Every requirement comes as a wheel, so there is no compiler; pip stays outside of what is kept.
RUN python -m venv --without-pip /opt/backoffice \
    && pip --python /opt/backoffice/bin/python install --no-cache-dir --only-binary :all: \
       --disable-pip-version-check -r requirements.txt \
    && find /opt/backoffice -name '*.po' -delete
COPY manage.py ./
COPY backoffice ./backoffice
# Only the build sees these values; the settings ask for some, and static files need none of them.
RUN DJANGO_ENV=production ALLOWED_HOSTS=build DATABASE_URL=postgres://build@build/build \
    SECRET_KEY=$(python -c "import secrets; print(secrets.token_urlsafe(50))") \
    /opt/backoffice/bin/python manage.py collectstatic --noinput \
    && /opt/backoffice/bin/python -m compileall -q backoffice

FROM ${PYTHON}
RUN useradd --system --no-create-home --shell /usr/sbin/nologin backoffice \
    && pip uninstall --yes --quiet --root-user-action=ignore pip setuptools wheel
ENV DJANGO_ENV=production PATH=/opt/backoffice/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/backoffice
COPY --from=build /opt/backoffice /opt/backoffice
COPY --from=build /srv/backoffice ./
RUN install -d -o backoffice -m 700 var/private
USER backoffice
VOLUME /srv/backoffice/var/private
EXPOSE 8000
HEALTHCHECK --start-period=20s CMD ["python", "-m", "backoffice.operations.healthcheck_client"]
CMD ["gunicorn", "backoffice.wsgi", "--bind=0.0.0.0:8000", "--workers=2", "--threads=8", "--timeout=300", "--worker-tmp-dir=/dev/shm", "--no-control-socket"]
