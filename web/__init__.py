"""HTTP turned into calls of `workflow`, and its values into pages and JSON. No business rule lives here.

app.py        create_app: the whole server as a value
wsgi.py       what gunicorn loads; alone imports `workers`
server.py    gunicorn's worker, with deadlines
guard.py      who may use which route: the only place
auth.py       signing in and out, sessions, tokens
security.py   headers, size limits, rate limits, cross-site checks
errors.py     refusals and failures as JSON or a page
uploads.py    resumable uploads (tus 1.0.0)
compress.py   smaller answers for slow links
downloads.py  films, builds and renders, by range
api/          /api/v1
pages/        what a person sees
"""
