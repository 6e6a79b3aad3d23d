# The production image: gunicorn behind your TLS, as an account without rights.
# Needs PostgreSQL 14 or newer with pgvector, and the variables of .env.example.
FROM python:3.11-slim-bookworm

ENV DJANGO_ENV=production PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/backoffice
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY manage.py ./
COPY backoffice ./backoffice
# Only the build sees these values; the settings ask for some, and static files need none of them.
RUN SECRET_KEY=$(python -c "import secrets; print(secrets.token_urlsafe(50))") \
    ALLOWED_HOSTS=build DATABASE_URL=postgres://build@build/build \
    python manage.py collectstatic --noinput \
    && useradd --system --no-create-home backoffice \
    && install -d -o backoffice -m 700 /srv/backoffice/var/private
USER backoffice
VOLUME /srv/backoffice/var/private
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import os, urllib.request as r; h = os.environ['ALLOWED_HOSTS'].split(',')[0].strip().lstrip('.'); r.urlopen(r.Request('http://127.0.0.1:8000/healthz', headers={'Host': h}), timeout=4)"]
CMD ["gunicorn", "backoffice.wsgi", "--bind=0.0.0.0:8000", "--workers=2", "--threads=8", "--timeout=300", "--no-control-socket"]
