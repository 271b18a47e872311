#include "rules/docs.h"

#include "rules/schema.h"

/* ---- JSON Schema -------------------------------------------------------------------------- */

static const struct {
    unsigned bit;
    const char *name, *word; /* in a schema; in a manual */
} types[] = {{TYPE_STRING, "string", "string"},
             {TYPE_BOOL, "boolean", "true or false"},
             {TYPE_LIST, "array", "list"},
             {TYPE_MAP, "object", "map"},
             {TYPE_NULL, "null", NULL}};
enum { N_TYPES = sizeof types / sizeof *types };

static void put_key(struct buf *out, const char *key) {
    buf_json(out, str_of(key));
    buf_putc(out, ':');
}

static void put_types(struct buf *out, unsigned set) {
    const char *separator = "";
    put_key(out, "type");
    buf_putc(out, '[');
    for (size_t i = 0; i < N_TYPES; i++) {
        if (!(set & types[i].bit))
            continue;
        buf_puts(out, separator);
        buf_json(out, str_of(types[i].name));
        separator = ",";
    }
    buf_putc(out, ']');
}

static void put_words(struct buf *out, const struct field *f) {
    if (f->words == NULL)
        return;
    buf_putc(out, ',');
    put_key(out, "enum");
    buf_putc(out, '[');
    for (size_t i = 0; f->words[i] != NULL; i++) {
        buf_puts(out, i ? "," : "");
        buf_json(out, str_of(f->words[i]));
    }
    buf_puts(out, f->types & TYPE_NULL ? ",null]" : "]");
}

static void put_object(struct buf *out, const struct object *o);

/* What a list's elements or a map's values are. Tables nest as deep as the rule file. */
static void put_items(struct buf *out, const struct field *f) {
    buf_putc(out, '{');
    put_types(out, f->items);
    if (f->object != NULL && (f->items & TYPE_MAP)) {
        buf_putc(out, ',');
        put_object(out, f->object);
    }
    buf_putc(out, '}');
}

static void put_field(struct buf *out, const struct field *f) {
    put_key(out, f->key);
    buf_putc(out, '{');
    put_key(out, "description");
    buf_json(out, str_of(f->about));
    buf_putc(out, ',');
    put_types(out, f->types);
    put_words(out, f);
    if (f->types & TYPE_LIST) {
        buf_putc(out, ',');
        put_key(out, "items");
        put_items(out, f);
    } else if ((f->types & TYPE_MAP) && f->object != NULL) {
        buf_putc(out, ',');
        put_object(out, f->object);
    } else if (f->types & TYPE_MAP) {
        buf_putc(out, ',');
        put_key(out, "additionalProperties");
        put_items(out, f);
    }
    buf_putc(out, '}');
}

static size_t put_fields(struct buf *out, const struct object *o, size_t n) {
    if (o->too != NULL)
        n = put_fields(out, o->too, n);
    for (size_t i = 0; i < o->n_fields; i++) {
        buf_puts(out, n++ ? "," : "");
        put_field(out, &o->fields[i]);
    }
    return n;
}

static size_t put_required(struct buf *out, const struct object *o, size_t n) {
    if (o->too != NULL)
        n = put_required(out, o->too, n);
    for (size_t i = 0; i < o->n_fields; i++) {
        if (!(o->fields[i].flags & FIELD_REQUIRED))
            continue;
        buf_puts(out, n++ ? "," : "");
        buf_json(out, str_of(o->fields[i].key));
    }
    return n;
}

static void put_object(struct buf *out, const struct object *o) {
    put_key(out, "additionalProperties");
    buf_puts(out, "false,");
    put_key(out, "required");
    buf_putc(out, '[');
    put_required(out, o, 0);
    buf_puts(out, "],");
    put_key(out, "properties");
    buf_putc(out, '{');
    put_fields(out, o, 0);
    buf_putc(out, '}');
}

void rules_json_schema(struct buf *out) {
    buf_puts(out, "{\"$schema\":\"http://json-schema.org/draft-07/schema#\","
                  "\"title\":\"pullgate ImagePolicy\",\"type\":\"object\",");
    put_object(out, &rules_schema_policy);
    buf_puts(out, "}\n");
}

/* ---- manual ------------------------------------------------------------------------------- */

static void mdoc_types(struct buf *out, unsigned set) {
    const char *separator = "";
    for (size_t i = 0; i < N_TYPES; i++) {
        if (!(set & types[i].bit) || types[i].word == NULL)
            continue;
        buf_printf(out, "%s%s", separator, types[i].word);
        separator = " or ";
    }
}

static void mdoc_field(struct buf *out, const struct field *f) {
    buf_printf(out, ".It Ic %s Pq ", f->key);
    mdoc_types(out, f->types);
    if (f->flags & FIELD_REQUIRED)
        buf_puts(out, ", required");
    buf_printf(out, "\n%s.\n", f->about);
    if (f->words != NULL && f->words[1] != NULL) {
        buf_puts(out, "One of");
        for (size_t i = 0; f->words[i] != NULL; i++)
            buf_printf(out, "%s\n.Cm \\&%s", i ? " ," : "", f->words[i]);
        buf_puts(out, " .\n");
    }
    if (f->fallback != NULL)
        buf_printf(out, "When absent: %s.\n", f->fallback);
}

static void mdoc_section(struct buf *out, const char *title, const struct object *o) {
    buf_printf(out, ".Ss %s\n.Bl -tag -width Ds\n", title);
    for (size_t i = 0; i < o->n_fields; i++)
        mdoc_field(out, &o->fields[i]);
    buf_puts(out, ".El\n");
}

static const struct field *field_of(const struct object *o, const char *key) {
    for (size_t i = 0; i < o->n_fields; i++)
        if (strcmp(o->fields[i].key, key) == 0)
            return &o->fields[i];
    return NULL;
}

static const struct object *object_of(const struct object *o, const char *key) {
    const struct field *f = field_of(o, key);
    return f != NULL ? f->object : NULL;
}

void rules_mdoc(struct buf *out) {
    const struct object *match = object_of(&rules_schema_rule, "match");
    const struct {
        const char *title;
        const struct object *object;
    } sections[] = {{"The file", &rules_schema_policy},
                    {"spec: settings", rules_schema_rule.too},
                    {"spec: rules and exemptions", object_of(&rules_schema_policy, "spec")},
                    {"A rule", &rules_schema_rule},
                    {"match", match},
                    {"podLabels", object_of(match, "podLabels")},
                    {"matchExpressions", &rules_schema_expression},
                    {"A pull secret", &rules_schema_secret},
                    {"A pattern that is a map", &rules_schema_regex},
                    {"require", object_of(rules_schema_rule.too, "require")},
                    {"An exemption", &rules_schema_exemption}};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (sections[i].object != NULL)
            mdoc_section(out, sections[i].title, sections[i].object);
}
