/* What pullgate-sync remembers between plans. */
#include "mem_fault.h"
#include "test.h"

#include "syncd/absences.h"
#include "syncd/places.h"
#include "syncd/store.h"

/* ---- store --------------------------------------------------------------------------------- */

static bool put(struct store *s, const char *namespace, const char *name, const char *version) {
    const struct sync_secret secret = {.namespace = str_of(namespace), .name = str_of(name)};
    struct sync_secret *copy = sync_secret_new(&secret);
    assert_non_null(copy);
    return store_put_take(s, copy, NULL, store_version(str_of(version)));
}

static const char *const names[][2] = {
    {"b", "x"}, {"a", "y"}, {"a", "x"}, {"c", ""}, {"", "z"}};
enum { N_NAMES = sizeof names / sizeof *names };

static void what_is_put_is_found_in_order(void **state) {
    (void)state;
    struct store s = {.v = NULL};
    for (size_t i = 0; i < N_NAMES; i++)
        assert_true(put(&s, names[i][0], names[i][1], "1"));
    assert_true(put(&s, "a", "x", "2")); /* in place of the first */
    assert_int_equal(s.n, N_NAMES);
    for (size_t i = 1; i < s.n; i++) {
        const struct sync_secret *a = s.v[i - 1].secret, *b = s.v[i].secret;
        int c = str_cmp(a->namespace, b->namespace);
        assert_true(c < 0 || (c == 0 && str_cmp(a->name, b->name) < 0));
    }
    for (size_t i = 0; i < N_NAMES; i++)
        assert_non_null(store_find(&s, str_of(names[i][0]), str_of(names[i][1])));
    assert_int_equal(store_find(&s, STR("a"), STR("x"))->version, store_version(STR("2")));
    assert_null(store_find(&s, STR("a"), STR("z")));
    store_drop(&s, store_find(&s, STR("a"), STR("x")));
    assert_null(store_find(&s, STR("a"), STR("x")));
    assert_non_null(store_find(&s, STR("a"), STR("y")));
    store_done(&s);
}

static void a_list_drops_what_it_does_not_have(void **state) {
    (void)state;
    struct store s = {.v = NULL};
    for (size_t i = 0; i < N_NAMES; i++)
        assert_true(put(&s, names[i][0], names[i][1], "1"));
    store_find(&s, STR("a"), STR("y"))->awaited = 5;
    store_begin(&s);
    assert_true(put(&s, "b", "x", "1"));
    store_find(&s, STR("a"), STR("y"))->mark = s.mark; /* seen, as it was */
    assert_int_equal(s.n, N_NAMES); /* a list that does not end drops nothing */
    store_end(&s);
    assert_int_equal(s.n, 2);
    assert_non_null(store_find(&s, STR("b"), STR("x")));
    assert_int_equal(store_find(&s, STR("a"), STR("y"))->awaited, 0);
    store_done(&s);
}

static void versions_are_told_apart_and_never_none(void **state) {
    (void)state;
    assert_int_not_equal(store_version(STR("")), 0);
    assert_int_not_equal(store_version(STR("10")), store_version(STR("11")));
    assert_int_equal(store_version(STR("10")), store_version(STR("10")));
}

/* ---- absences ------------------------------------------------------------------------------ */

static void an_absence_has_its_beginning(void **state) {
    (void)state;
    struct absences a = {.v = NULL};
    absences_begin(&a);
    absences_note(&a, STR("n"), STR("x"), 10);
    absences_note(&a, STR("n"), STR("y"), 10);
    absences_end(&a);
    absences_begin(&a);
    absences_note(&a, STR("n"), STR("x"), 20);
    absences_end(&a); /* y is back */
    assert_int_equal(a.n, 1);
    assert_str(a.v[0].name, STR("x"));
    assert_int_equal(a.v[0].since_s, 10);
    absences_begin(&a); /* nothing is known of it now */
    absences_keep(&a, STR("n"), STR(""));
    absences_end(&a);
    assert_int_equal(a.n, 1);
    absences_begin(&a);
    absences_keep(&a, STR("other"), STR(""));
    absences_end(&a);
    assert_int_equal(a.n, 0);
    absences_done(&a);
}

/* ---- places -------------------------------------------------------------------------------- */

#define S INT64_C(1000000000)

static void a_place_stays_while_something_is_known_of_it(void **state) {
    (void)state;
    struct places p = {.v = NULL};
    int64_t now_ns = 1000 * S, now_s = 5000;
    struct place *busy = places_get(&p, STR("a"), STR("busy"), 1);
    struct place *failed = places_get(&p, STR("a"), STR("failed"), 1);
    struct place *applied = places_get(&p, STR("a"), STR("applied"), 1);
    (void)places_get(&p, STR("a"), STR("idle"), 1);
    busy->in_progress = true;
    places_failed(failed, now_ns);
    assert_in_range(failed->due_ns, now_ns + 800000000, now_ns + 1600000000);
    applied->applied[0] = 'x';
    applied->applied_s = now_s;
    assert_ptr_equal(places_get(&p, STR("a"), STR("failed"), 1), failed);
    places_sweep(&p, now_ns, now_s);
    assert_int_equal(p.n, 3);
    places_sweep(&p, now_ns + 200 * S, now_s + 200);
    assert_int_equal(p.n, 1);
    assert_ptr_equal(p.v[0], busy);
    places_succeeded(busy);
    places_sweep(&p, now_ns + 200 * S, now_s + 200);
    assert_int_equal(p.n, 0);
    places_done(&p);
}

/* ---- out of memory --------------------------------------------------------------------------- */

static bool fill_all(void) {
    struct store s = {.v = NULL};
    struct places p = {.v = NULL};
    struct absences a = {.v = NULL};
    bool good = true;
    for (size_t i = 0; i < N_NAMES; i++) {
        struct str namespace = str_of(names[i][0]), name = str_of(names[i][1]);
        const struct sync_secret secret = {.namespace = namespace, .name = name};
        struct sync_secret *copy = sync_secret_new(&secret);
        good &= copy != NULL && store_put_take(&s, copy, NULL, 1);
        good &= places_get(&p, namespace, name, 1) != NULL;
        absences_note(&a, namespace, name, 1);
    }
    store_done(&s);
    places_done(&p);
    absences_done(&a);
    return good;
}

static void each_allocation_may_fail(void **state) {
    (void)state;
    for (size_t n = 1; n < 1000; n++) {
        size_t live = mem_fault_live();
        mem_fault_arm(n, MEM_FAULT_ONCE);
        bool good = fill_all();
        bool hit = mem_fault_disarm();
        assert_int_equal(mem_fault_live(), live);
        if (!hit) {
            assert_true(good);
            return;
        }
    }
    fail();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_put_is_found_in_order),
    cmocka_unit_test(a_list_drops_what_it_does_not_have),
    cmocka_unit_test(versions_are_told_apart_and_never_none),
    cmocka_unit_test(an_absence_has_its_beginning),
    cmocka_unit_test(a_place_stays_while_something_is_known_of_it),
    cmocka_unit_test(each_allocation_may_fail),
};

TEST_MAIN(tests)
