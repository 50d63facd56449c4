//! `check` and its forms.

use serde_json::Value;

use crate::support::{Project, validate};

/// Every severity, a certain and a suggested fix, two files, and a finding without a place.
fn faulty() -> Project {
    Project::new(&[
        (
            "schema/a.arch",
            "project p {\n  database postgres, sqlite, mongodb\n}\n\nentity user owns self {\n  email Email\n  größe Int\n}\n",
        ),
        (
            "schema/sub/b.arch",
            "# other people's comments\nentity Note {\n  owner Usr @owner\n  reset_token String(64)\n}\n",
        ),
    ])
}

#[test]
fn json_is_what_its_schema_says() {
    for project in [faulty(), Project::example("shop"), Project::of("")] {
        let ran = project.run(&["check", "--format", "json"]);
        let document = ran.json();
        validate("diagnostics-1.schema.json", &document);
        let errors = document["summary"]["errors"].as_u64().unwrap();
        assert_eq!(ran.code, Some(i32::from(errors > 0)));
        let found = document["diagnostics"].as_array().unwrap();
        assert_eq!(
            found.iter().filter(|it| it["severity"] == "error").count() as u64,
            errors
        );
        for finding in found.iter().filter(|it| !it["primary"].is_null()) {
            let text = project.read(finding["primary"]["path"].as_str().unwrap());
            for point in ["start", "end"] {
                let point = &finding["primary"][point];
                let before = &text[..point["offset"].as_u64().unwrap() as usize];
                assert_eq!(
                    before.matches('\n').count() as u64 + 1,
                    point["line"].as_u64().unwrap(),
                    "{finding}"
                );
                let column = before.rsplit('\n').next().unwrap().chars().count() as u64 + 1;
                assert_eq!(column, point["column"].as_u64().unwrap(), "{finding}");
            }
        }
    }
}

#[test]
fn every_form_tells_the_same_findings() {
    let project = faulty();
    let json = project.run(&["check", "--format", "json"]).ends(1).json();
    let codes: Vec<&str> = json["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["code"].as_str().unwrap())
        .collect();
    assert!(codes.len() >= 4, "{codes:?}");

    let sarif = project.run(&["check", "--format", "sarif"]).ends(1).json();
    assert_eq!(sarif["version"], "2.1.0");
    assert!(sarif["$schema"].as_str().unwrap().contains("sarif"));
    let run = &sarif["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(
        results
            .iter()
            .map(|it| it["ruleId"].as_str().unwrap())
            .collect::<Vec<_>>(),
        codes
    );
    for result in results {
        assert!(rules.iter().any(|rule| rule["id"] == result["ruleId"]));
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        for place in result["locations"].as_array().into_iter().flatten() {
            let address = place["physicalLocation"]["artifactLocation"]["uri"]
                .as_str()
                .unwrap();
            assert!(project.at(address).is_file(), "{address}");
            let region = &place["physicalLocation"]["region"];
            assert!(region["startLine"].as_u64() >= Some(1) && region["startColumn"].as_u64() >= Some(1));
        }
    }

    let github = project.run(&["check", "--format", "github"]).ends(1).out;
    assert_eq!(github.lines().count(), codes.len(), "one command each: {github}");
    for (line, code) in github.lines().zip(&codes) {
        let (command, message) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
        let (level, properties) = command.split_once(' ').unwrap();
        assert!(["error", "warning", "notice"].contains(&level), "{line}");
        assert!(
            properties.contains(&format!("title={code} ")) && !message.is_empty(),
            "{line}"
        );
    }

    let concise = project.run(&["check", "--format", "concise"]).ends(1).out;
    let told: Vec<&str> = concise.lines().filter(|line| line.contains('[')).collect();
    assert_eq!(told.len(), codes.len(), "{concise}");
    for (line, code) in told.iter().zip(&codes) {
        assert!(line.contains(&format!("[{code}] ")), "{line}");
    }

    let text = project.run(&["check"]).ends(1).out;
    for code in codes {
        assert!(text.contains(&format!("[{code}]: ")), "{code}: {text}");
    }
}

#[test]
fn fix_applies_what_is_certain_and_nothing_else_and_comes_to_an_end() {
    let project = faulty();
    let count = |project: &Project, certainty: &str| {
        let json = project.run(&["check", "--format", "json"]).json();
        let fixes = json["diagnostics"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| it["fix"]["certainty"] == certainty);
        fixes.count()
    };
    assert!(count(&project, "certain") >= 2 && count(&project, "suggested") >= 1);
    project.run(&["check", "--fix"]).ends(1);
    assert_eq!(count(&project, "certain"), 0);
    assert!(count(&project, "suggested") >= 1, "suggestions stay suggestions");
    assert!(project.read("schema/a.arch").contains("entity User owns self"));
    let other = project.read("schema/sub/b.arch");
    assert!(other.starts_with("// other people's comments\n"), "{other}");
    assert!(
        other.contains("owner Usr @owner") && other.contains("reset_token String(64)"),
        "{other}"
    );
    let before = project.files();
    project.run(&["check", "--fix"]).ends(1);
    assert_eq!(project.files(), before, "a second time changes nothing");
}

#[test]
fn fix_leaves_a_project_without_faults_alone() {
    let project = Project::example("tracker");
    let before = project.files();
    project.run(&["check", "--fix"]).ends(0);
    assert_eq!(project.files(), before);
}

#[cfg(unix)]
#[test]
fn fix_writes_what_a_link_points_to() {
    let project = Project::new(&[("real.txt", "project p { database sqlite }\n# words\n")]);
    std::fs::create_dir(project.at("schema")).unwrap();
    std::os::unix::fs::symlink("../real.txt", project.at("schema/a.arch")).unwrap();
    project.run(&["check", "--fix"]).ends(0);
    assert!(project.at("schema/a.arch").is_symlink());
    assert!(project.read("real.txt").ends_with("// words\n"));
}

#[test]
fn names_that_nearly_exist_are_suggested() {
    let project = Project::of(
        "entity User owns self {\n  email Emial\n}\nentity Note {\n  writer Usr @ownr\n  text String(20) @uniqe\n  volum 3M\n  query q { where writre = $w limit 5 }\n}\n",
    );
    let ran = project.run(&["check"]).ends(1);
    for meant in ["`Email`", "`User`", "`owner`", "`unique`", "`volume`", "`writer`"] {
        assert!(
            ran.out.contains(&format!("did you mean {meant}"))
                || ran.out.contains(&format!("did you mean `@{}", &meant[1..])),
            "{meant}\n{}",
            ran.out
        );
    }
}

#[test]
fn a_required_cycle_names_every_entity_on_it() {
    let project = Project::of(
        "entity A public because \"x\" {\n  b B\n}\nentity B public because \"x\" {\n  c C\n}\nentity C public because \"x\" {\n  a A\n}\nentity D public because \"x\" {\n  d D\n}\n",
    );
    let json = project.run(&["check", "--format", "json"]).ends(1).json();
    let told: Vec<&Value> = json["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["code"] == "REL009")
        .collect();
    assert_eq!(told.len(), 2, "{json:#}");
    let message = told[0]["message"].as_str().unwrap();
    assert!(
        ["`A`", "`B`", "`C`"].iter().all(|name| message.contains(name)),
        "{message}"
    );
}

#[test]
fn a_single_file_is_a_project() {
    let project = Project::example("shop");
    let whole = project.run(&["check", "--format", "json"]).ends(0).json();
    let single = project
        .run(&["check", "schema/shop.arch", "--format", "json"])
        .ends(0)
        .json();
    assert_eq!(whole["summary"], single["summary"]);
    // A part of a project is no project.
    let tracker = Project::example("tracker");
    tracker.run(&["check", "schema/work.arch"]).ends(1).says("POL001");
}
