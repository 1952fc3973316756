use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{
    super::{Fault, FaultKind, Limits, RateLimitForm},
    Asking, told,
};

async fn fails(asking: &Asking) -> bool {
    let url = format!(
        "{}/admin/v1/orgs/{}",
        asking.simulator.api_url(),
        asking.connection().organization_id
    );
    let key = &asking.connection().organization_api_key;
    match asking.client.get(url).bearer_auth(key).send().await {
        Ok(response) => response.bytes().await.is_err(),
        Err(_) => true,
    }
}

#[tokio::test]
async fn connections_are_dropped_and_bodies_cut_as_ordered() {
    let asking = Asking::healthy(10).await;
    asking.simulator.add_fault(Fault::new(FaultKind::DropConnection).times(1));
    assert!(fails(&asking).await);
    assert!(!fails(&asking).await);
    asking.simulator.add_fault(Fault::new(FaultKind::Truncated).times(1));
    assert!(fails(&asking).await);
    assert!(!fails(&asking).await);
    let report = asking.get("/_simulator/requests").await.body;
    assert_eq!(report["byRoute"][0]["statuses"], json!({"0": 1, "200": 3}));
}

#[tokio::test]
async fn waits_are_told_in_every_form() {
    let asking = Asking::healthy(10).await;
    let limited = async |form| {
        let kind = FaultKind::RateLimit { retry_after_seconds: Some(90), form };
        asking.simulator.add_fault(Fault::new(kind).times(1));
        let told = asking.get("/admin/v1/orgs/{org}").await;
        assert_eq!(told.status, 429);
        let header = |name: &str| {
            let value = told.headers.get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        (header("retry-after"), header("x-ratelimit-reset"))
    };
    assert_eq!(limited(RateLimitForm::Seconds).await, (Some("90".to_owned()), None));
    let (date, _) = limited(RateLimitForm::HttpDate).await;
    let wait = httpdate::parse_http_date(&date.unwrap()).unwrap();
    assert!(wait > std::time::SystemTime::now() + Duration::from_secs(80));
    let (_, reset) = limited(RateLimitForm::Reset).await;
    assert!(reset.unwrap().parse::<jiff::Timestamp>().unwrap() > jiff::Timestamp::now());
    let (_, reset) = limited(RateLimitForm::ResetWithoutSeconds).await;
    assert_eq!(reset.unwrap().len(), "2026-11-22T09:15Z".len());
    assert_eq!(limited(RateLimitForm::Bare).await, (None, None));
}

#[tokio::test]
async fn real_answers_come_late_slowly_or_changed() {
    let asking = Asking::healthy(10).await;
    let began = Instant::now();
    asking.simulator.add_fault(Fault::new(FaultKind::Latency { milliseconds: 60 }).times(1));
    asking.simulator.add_fault(Fault::new(FaultKind::SlowBody { milliseconds: 10 }).times(1));
    assert_eq!(asking.get("/admin/v1/orgs/{org}").await.body["data"]["type"], "orgs");
    assert!(began.elapsed() >= Duration::from_millis(130));
    let replace =
        FaultKind::Replace { from: r#""active""#.to_owned(), to: r#""dormant""#.to_owned() };
    asking.simulator.add_fault(Fault::new(replace).on("POST", "users/search").times(1));
    let body = json!({"accountIds": [asking.simulator.people(0)[0].account_id]});
    assert_eq!(asking.search(body).await.body["data"][0]["status"], "dormant");
    let next = FaultKind::Next { value: "again".to_owned() };
    asking.simulator.add_fault(Fault::new(next));
    let told = asking.search(json!({"limit": 2})).await;
    assert_eq!(told.body["links"]["next"], "again");
}

#[tokio::test]
async fn the_control_endpoints_do_what_their_head_says() {
    let asking = Asking::healthy(10).await;
    let control = async |method: &str, path: &str, body: Option<Value>| {
        let url = format!("{}/_simulator/{path}", asking.simulator.api_url());
        let mut request = asking.client.request(method.parse().unwrap(), url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        told(request.send().await.unwrap()).await
    };
    let rule = json!({"route": "/v1/orgs", "times": 1, "kind": {"type": "html", "status": 502}});
    let faults = control("POST", "faults", Some(json!({"faults": [rule]}))).await;
    assert_eq!(faults.body["faults"][0]["kind"]["type"], "html");
    let page = asking.get("/admin/v1/orgs/{org}").await;
    assert_eq!(page.status, 502);
    assert_eq!(page.headers["content-type"], "text/html");
    asking.search(json!({"limit": 1})).await;
    asking.search(json!({"limit": 1})).await;
    let report = control("GET", "requests?bodies=hash&detail=true", None).await.body;
    assert_eq!(report["total"], 3);
    assert_eq!(report["byRoute"][1]["bodies"][0]["count"], 2);
    assert_eq!(report["requests"][0]["status"], 502);
    assert_eq!(control("DELETE", "requests", None).await.status, 204);
    assert_eq!(control("GET", "requests", None).await.body["total"], 0);
    let moved = control("POST", "clock", Some(json!({"now": "2027-01-01T00:00:00Z"}))).await;
    assert!(moved.body["now"].as_str().unwrap().starts_with("2027-01-01T00:00:0"));
    let moved = control("POST", "clock", Some(json!({"advanceSeconds": 86_400}))).await;
    assert!(moved.body["now"].as_str().unwrap().starts_with("2027-01-02T00:00:0"));
    let limits = control("POST", "limits", Some(json!({"general": 1}))).await;
    assert_eq!(limits.body["events"], 10);
    assert_eq!(asking.search(json!({})).await.status, 200);
    let refused = asking.search(json!({})).await;
    assert_eq!(refused.body["errors"][0]["code"], "ADMIN-429-1");
    let description = control("GET", "organizations", None).await.body;
    assert_eq!(description["organizations"][0]["people"], 10);
    assert_eq!(
        description["organizations"][1]["organizationId"],
        asking.simulator.connections()[1].organization_id
    );
}

#[tokio::test]
async fn a_site_has_its_own_burst_limit() {
    let asking = Asking::healthy(10).await;
    let limits = Limits { jira_per_second: 2, ..Limits::default() };
    asking.simulator.set_limits(limits);
    let mut refused = None;
    for _ in 0..3 {
        refused = Some(asking.site("GET", "/rest/api/3/myself").await);
    }
    let refused = refused.unwrap();
    assert_eq!(refused.status, 429);
    assert_eq!(refused.headers["ratelimit-reason"], "jira-burst-based");
    assert!(refused.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn a_simulator_stops_and_gives_its_address_back() {
    let asking = Asking::healthy(10).await;
    let url = format!("{}/_simulator/clock", asking.simulator.api_url());
    assert!(asking.client.get(&url).send().await.is_ok());
    asking.simulator.stop().await;
    assert!(asking.client.get(&url).send().await.is_err());
}
