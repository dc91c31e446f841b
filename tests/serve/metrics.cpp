// Metrics in Prometheus' text format.
#include <rd4ad/serve/metrics.hpp>

#include <limits>

#include <support/catch.hpp>

using namespace rd4ad;
using serve::metric_kind;

TEST_CASE("metrics write counters, gauges and cumulative histograms in Prometheus' text format", "[serve]") {
    serve::metric_set to{{{"b_total", "Requests.", metric_kind::counter},
                          {"a", "A gauge.", metric_kind::gauge},
                          {"c_seconds", "Seconds.", metric_kind::histogram, {0.1, 1}}}};
    to.add("b_total", {{"model", "x"}, {"code", "200"}});
    to.add("b_total", {{"model", "x"}, {"code", "200"}}, 2);
    to.add("b_total", {{"model", "a\"b\\c\nd"}});
    to.set("a", {}, 0.25);
    to.set("a", {}, std::numeric_limits<double>::infinity());
    for (const double value : {0.1, 0.5, 7.0}) to.observe("c_seconds", {{"model", "x"}}, value);
    CHECK(to.text_format() == R"(# HELP a A gauge.
# TYPE a gauge
a +Inf
# HELP b_total Requests.
# TYPE b_total counter
b_total{model="a\"b\\c\nd"} 1
b_total{model="x",code="200"} 3
# HELP c_seconds Seconds.
# TYPE c_seconds histogram
c_seconds_bucket{model="x",le="0.1"} 1
c_seconds_bucket{model="x",le="1"} 2
c_seconds_bucket{model="x",le="+Inf"} 3
c_seconds_sum{model="x"} 7.6
c_seconds_count{model="x"} 3
)");
    CHECK(to.value("b_total", {{"model", "x"}, {"code", "200"}}) == 3);
    CHECK(to.value("c_seconds", {{"model", "x"}}) == 3);
    CHECK(to.value("c_seconds", {}) == 0);
}

TEST_CASE("metrics refuse unknown names and members of another kind", "[serve]") {
    serve::metric_set to{{{"a", "A.", metric_kind::gauge}, {"b_total", "B.", metric_kind::counter}}};
    CHECK_THROWS_AS(to.add("c", {}), option_error);
    CHECK_THROWS_AS(to.set("b_total", {}, 1), option_error);
    CHECK_THROWS_AS(to.observe("a", {}, 1), option_error);
    CHECK_THROWS_AS(to.value("c", {}), option_error);
}
