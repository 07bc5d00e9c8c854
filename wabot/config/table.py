"""The one table of settings: the environment, `.env.example` and the README follow it."""

from wabot.config.alert_settings import ALERT_SETTINGS
from wabot.config.parsers import (
    api_version,
    app_id,
    apps,
    database_url,
    existing_file,
    file_place,
    folder,
    http_url,
    keys,
    log_file,
    one_of,
    operator,
    port_or_off,
    public_url,
    seconds,
    secret_list,
    settings_source,
    whole,
)
from wabot.config.setting import Setting

__all__ = ["SETTINGS", "Setting"]


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "WABOT_SETTINGS_FROM",
        "source",
        "Where settings are that stand neither in the environment nor in .env: aws-sm://SECRET of"
        " AWS Secrets Manager (a JSON object), or aws-ssm:///PATH of SSM's Parameter Store.",
        parse=settings_source,
    ),
    Setting(
        "DATABASE_URL",
        "database",
        "PostgreSQL server and database of the central tables (any libpq URL)."
        " Empty: embedded PostgreSQL under WABOT_HOME.",
        obtain="from whoever runs your PostgreSQL, e.g. postgresql://wabot_owner@db.example/wabot",
        secret=True,
        parse=database_url,
    ),
    Setting(
        "RUNTIME_DATABASE_URL",
        "database",
        "Login of the runtime, as made by `wabot db upgrade`."
        " Empty: DATABASE_URL with the role wabot_runtime taken at connection start.",
        obtain="the URL of DATABASE_URL with the user wabot_runtime",
        secret=True,
        parse=database_url,
    ),
    Setting(
        "WABOT_DATABASE_AUTH",
        "database",
        "password, or rds-iam: an IAM token is made for each connection of DATABASE_URL and"
        " RUNTIME_DATABASE_URL, which have no password then, over TLS.",
        "password",
        parse=one_of("password", "rds-iam"),
    ),
    Setting(
        "WABOT_RDS_INSTANCE",
        "database",
        "Name of the RDS instance behind DATABASE_URL, for `wabot check aws`. Empty: told by the"
        " URL's host, where that is RDS's own.",
    ),
    Setting(
        "WABOT_HOME",
        "database",
        "Folder of the embedded PostgreSQL and of logs. Empty: the platform's user data folder"
        " (as root /var/lib/wabot).",
    ),
    Setting(
        "WABOT_POOL_SIZE",
        "database",
        "Connections per process to each PostgreSQL server.",
        "8",
        parse=whole(2, 200),
    ),
    Setting(
        "WABOT_MASTER_KEY",
        "security",
        "Encrypts tokens: 32 bytes, URL-safe base64. Several separated by commas: the first"
        " encrypts, all decrypt.",
        obtain="`wabot init` makes one, and so does `wabot keys new`",
        secret=True,
        parse=keys,
    ),
    Setting(
        "WABOT_DATABASE_PASSWORD",
        "security",
        "Password for `--database-url` of `wabot tenant create` and `move`; kept encrypted.",
        obtain="from whoever runs that PostgreSQL server",
        secret=True,
    ),
    Setting(
        "WABOT_OPERATOR",
        "security",
        "Who the audit log says has acted. Empty: the user and name of this machine.",
        parse=operator,
    ),
    Setting(
        "WABOT_TEMPLATE_DIR",
        "templates",
        "Folder of your own templates and modules, beside those that wabot brings. It holds code:"
        " migrations are run with the rights of DATABASE_URL.",
        parse=folder,
    ),
    Setting(
        "WHATSAPP_APP_ID",
        "whatsapp",
        "Id of the Meta app whose webhooks arrive here; new clients are bound to it.",
        obtain="Meta app dashboard, at the top of every page",
        parse=app_id,
    ),
    Setting(
        "WHATSAPP_APP_SECRET",
        "whatsapp",
        "App secret that signs the webhooks; two separated by a comma during a rotation.",
        obtain="Meta app dashboard → App settings → Basic → App secret",
        secret=True,
        parse=secret_list,
    ),
    Setting(
        "WHATSAPP_MORE_APPS",
        "whatsapp",
        "Further Meta apps: APP_ID=SECRET[,SECRET];APP_ID=SECRET.",
        secret=True,
        parse=apps,
    ),
    Setting(
        "WHATSAPP_VERIFY_TOKEN",
        "whatsapp",
        "Word of your choice that Meta repeats when it verifies the webhook URL.",
        obtain="choose one and type the same into Meta app dashboard → WhatsApp → Configuration",
        secret=True,
    ),
    Setting(
        "WHATSAPP_API_BASE",
        "whatsapp",
        "Where the Graph API is; point it at `wabot simulate graph` to try things out.",
        "https://graph.facebook.com",
        parse=http_url,
    ),
    Setting(
        "WHATSAPP_API_VERSION",
        "whatsapp",
        "Version of the Graph API.",
        "v26.0",
        parse=api_version,
    ),
    Setting(
        "WABOT_PUBLIC_URL",
        "server",
        "Address at which Meta reaches this server through its proxy, without /webhook; checked"
        " from outside by `wabot check webhook`.",
        obtain="the name in your proxy's configuration, e.g. https://bot.example.com",
        parse=public_url,
    ),
    Setting("WABOT_HOST", "server", "Address that `wabot serve` listens on.", "127.0.0.1"),
    Setting(
        "WABOT_PORT",
        "server",
        "Port that `wabot serve` listens on.",
        "8080",
        parse=whole(0, 65535),
    ),
    Setting(
        "WABOT_ADMIN_HOST",
        "server",
        "Address for /metrics, /readyz and /healthz: nothing there is for the public.",
        "127.0.0.1",
    ),
    Setting(
        "WABOT_ADMIN_PORT",
        "server",
        "Its port, one for all workers; off: no such address.",
        "9464",
        parse=port_or_off,
    ),
    Setting(
        "WABOT_METRICS",
        "server",
        "on: /metrics tells Prometheus what happens. off: nothing is measured.",
        "on",
        parse=one_of("on", "off"),
    ),
    Setting(
        "WABOT_METRICS_TENANTS",
        "server",
        "Shops that metrics tell apart in each worker, by a label `tenant`; those beyond are"
        " `other`. 0: no such label.",
        "0",
        parse=whole(0, 10_000),
    ),
    Setting(
        "WABOT_QUIET_WINDOW",
        "conversation",
        "Seconds without a further fragment before free text is answered.",
        "2",
        parse=seconds(0, 30),
    ),
    Setting(
        "WABOT_QUIET_WINDOW_MAX",
        "conversation",
        "Seconds after the first fragment at which free text is answered anyway.",
        "6",
        parse=seconds(0, 120),
    ),
    Setting(
        "WABOT_LATE_AFTER",
        "conversation",
        "Seconds after which a message counts as late: it never places an order by itself.",
        "600",
        parse=seconds(1, 604800),
    ),
    Setting(
        "WABOT_LEASE",
        "runtime",
        "Seconds that a process holds a conversation before another may take over.",
        "10",
        parse=seconds(1, 300),
    ),
    Setting(
        "WABOT_TURNS",
        "runtime",
        "Turns at work at once in one process.",
        "32",
        parse=whole(1, 1000),
    ),
    Setting(
        "WABOT_TURNS_PER_TENANT",
        "runtime",
        "Turns at work at once for one tenant in one process; below WABOT_POOL_SIZE.",
        "4",
        parse=whole(1, 200),
    ),
    Setting(
        "WABOT_EVENT_TRIES",
        "runtime",
        "Tries before an event is set aside.",
        "5",
        parse=whole(1, 100),
    ),
    Setting(
        "WABOT_RESEND_AFTER",
        "runtime",
        "Seconds to wait for a status before a message of unknown outcome is sent again.",
        "20",
        parse=seconds(1, 3600),
    ),
    Setting(
        "WABOT_RESEND_AFTER_SILENT",
        "runtime",
        "The same for a number whose statuses do not arrive at all.",
        "300",
        parse=seconds(1, 86400),
    ),
    Setting(
        "WABOT_SERVERS",
        "runtime",
        "Machines that run `wabot serve` on the same central database: each takes its share of"
        " the messages per second that Meta allows a number.",
        "1",
        parse=whole(1, 1000),
    ),
    Setting(
        "WABOT_MESSAGE_PRICES",
        "runtime",
        "A file with Meta's prices per message, in place of wabot's own"
        " (wabot/repositories/message_prices.csv, of the same form).",
        parse=existing_file,
    ),
    Setting(
        "WABOT_RATE_LIMITS",
        "runtime",
        "on: Meta's limits per second and per user are kept before Meta refuses. off: for"
        " simulations that write faster than people do.",
        "on",
        parse=one_of("on", "off"),
    ),
    Setting(
        "WABOT_JOURNAL_HOURS",
        "runtime",
        "Hours that handled events stay in the central inbox.",
        "24",
        parse=whole(0, 8760),
    ),
    Setting(
        "WABOT_MEDIA",
        "media",
        "Where customers' photos, voice notes and files are kept: a folder, or"
        " s3://BUCKET[/PREFIX][?sse=AES256|?sse=aws:kms] with the AWS SDK's own variables."
        " Empty: WABOT_HOME/media. Servers on several machines need a place they share.",
        parse=file_place,
    ),
    Setting(
        "WABOT_MEDIA_MB",
        "media",
        "Megabytes of a customer's file at most; WhatsApp's limits hold as well (image 5, audio"
        " and video 16, document 100).",
        "16",
        parse=whole(1, 100),
    ),
    Setting(
        "WABOT_MEDIA_AT_ONCE",
        "media",
        "Files fetched at once in one process; of one tenant a quarter of them.",
        "8",
        parse=whole(1, 100),
    ),
    *ALERT_SETTINGS,
    Setting(
        "WABOT_BACKUPS",
        "backups",
        "Where `wabot tenant export --all` and the export before a deletion (of a shop, or of a"
        " module's rows) go: a folder, or s3://BUCKET[/PREFIX][?sse=AES256|?sse=aws:kms]. Empty:"
        " WABOT_HOME/exports.",
        parse=file_place,
    ),
    Setting(
        "WABOT_LOG_LEVEL",
        "logs",
        "Least severity that is logged.",
        "info",
        parse=one_of("debug", "info", "warning", "error"),
    ),
    Setting(
        "WABOT_LOG_FORMAT",
        "logs",
        "json, console, or auto (console on a terminal).",
        "auto",
        parse=one_of("auto", "json", "console"),
    ),
    Setting(
        "WABOT_LOG_FILE",
        "logs",
        "File that `wabot serve` appends its logs to, or a folder for wabot.log in it; opened anew"
        " when it is moved away, as logrotate does. Empty: stderr.",
        parse=log_file,
    ),
)

# Without these nothing can be received or answered.
REQUIRED_TO_SERVE = ("WABOT_MASTER_KEY", "WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN")
