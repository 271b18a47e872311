-- wrk: posts the file named in BENCH_BODY; one line of figures at the end:
-- requests, seconds, failures, and the latencies p50 and p99 in microseconds.
-- With BENCH_PAUSE each connection pauses for so many milliseconds on average, before each request.
local file = assert(io.open(os.getenv("BENCH_BODY"), "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "application/json"
if os.getenv("BENCH_TOKEN") then wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN") end
if os.getenv("BENCH_CLOSE") then wrk.headers["Connection"] = "close" end
file:close()

local pause = tonumber(os.getenv("BENCH_PAUSE"))
if pause then
  function delay() return math.random(0, 2 * pause) end
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format("figures %d %.3f %d %d %d\n", summary.requests, summary.duration / 1e6,
    e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
