//! Rights, and whom they name.

use physical::{Grant, Grantee, Privilege};

use crate::support::{comes_back, database, opaque, read, table};

#[test]
fn rights_are_read_with_those_who_hold_them() {
    let mut it = database("rights");
    it.batch(
        "CREATE TABLE t (b int, a int); CREATE VIEW v AS SELECT a FROM t;
         CREATE ROLE `rights``role`; CREATE USER `rights'user`@`10.%`;
         GRANT SELECT, INSERT (a, b), UPDATE (b) ON rights.t TO `rights``role`;
         GRANT SELECT ON rights.v TO PUBLIC;
         GRANT DELETE, DROP ON rights.t TO `rights'user`@`10.%`; CREATE USER rights_proxy;
         GRANT SELECT ON rights.t TO rights_proxy WITH GRANT OPTION;
         GRANT EXECUTE ON rights.* TO `rights``role`; GRANT `rights``role` TO `rights'user`@`10.%`",
    )
    .unwrap();
    let found = read(&mut it);
    let roles: Vec<(&str, bool)> = found
        .roles
        .iter()
        .map(|role| (role.name.as_str(), role.login))
        .collect();
    let user = "rights'user@10.%";
    assert_eq!(
        roles,
        [(user, true), ("rights_proxy@%", true), ("rights`role", false)]
    );
    let grants = &table(&found, "t").grants;
    let role = |name: &str| Grantee::Role(name.into());
    let grant = |privilege: Privilege, columns: &[&str], grantee: Grantee| Grant {
        privilege,
        columns: columns.iter().map(|name| (*name).into()).collect(),
        grantee,
    };
    for expected in [
        grant(Privilege::Select, &[], role("rights`role")),
        grant(Privilege::Insert, &["b", "a"], role("rights`role")),
        grant(Privilege::Update, &["b"], role("rights`role")),
        grant(Privilege::Delete, &[], role(user)),
        grant(Privilege::Select, &[], role("rights_proxy@%")),
    ] {
        assert!(grants.contains(&expected), "{expected:?} in {grants:?}");
    }
    assert_eq!(
        found.views[0].grants,
        [grant(Privilege::Select, &[], Grantee::Public)]
    );
    let said: Vec<&str> = opaque(&found).iter().map(|it| it[3]).collect();
    let statements = [
        "GRANT EXECUTE ON * TO `rights``role`",
        "GRANT DROP ON `t` TO `rights'user`@`10.%`",
    ];
    for statement in statements {
        assert!(said.contains(&statement), "{statement} in {said:?}");
    }
    // It is a right beside the one that is passed on.
    assert!(
        said.contains(&"GRANT SELECT ON `t` TO `rights_proxy`@`%` WITH GRANT OPTION"),
        "{said:?}"
    );
    it.batch("REVOKE GRANT OPTION ON rights.t FROM rights_proxy")
        .unwrap();
    let found = read(&mut it);
    comes_back(&mut it, &found);
}
