-- Refuses jobs (or warns, see WARN_ONLY) whose user, account, partition or QOS has reached a quota of EIT. It reads the small files that
-- `eit quota refresh` leaves on the controller's own disk (docs/quotas.md), asks nobody and runs nothing.
-- Install: merge it into the job_submit.lua beside slurm.conf, and set JobSubmitPlugins=lua. Lua 5.1 and later.

local QUOTA_DIR = "/var/lib/eit/quota"
-- Older data are unknown. What is unknown does not hold a job up: set REFUSE_UNKNOWN to refuse it all the same.
local MAX_AGE_SECONDS = 7200
local REFUSE_UNKNOWN = false
-- true: who is over a quota is told so, and the job is taken all the same.
local WARN_ONLY = false

local function file_name(name)
  local encoded = name:gsub("[^A-Za-z0-9_-]", function(character)
    return string.format("%%%02X", character:byte())
  end)
  return encoded
end

-- No file of the state is nearly as long: more is not read while slurmctld waits.
local LONGEST_BYTES = 65536

-- The text of a subject's file, else of the file for everyone who has none; nil and why.
local function read_state(kind, name)
  local reason = "no file"
  for _, one in ipairs({ name, "@others" }) do
    local file, problem
    if one ~= "" then file, problem = io.open(QUOTA_DIR .. "/" .. kind .. "/" .. one, "r") end
    if file then
      local text = file:read(LONGEST_BYTES)
      file:close()
      return text or "", nil
    end
    reason = problem or reason
  end
  return nil, reason
end

-- "within", "over" with a text for the user, or "unknown" with the reason.
local function quota_state(kind, name, now)
  local text, reason = read_state(kind, name)
  if not text then return "unknown", reason end
  local data_until = text:match("^eit%-quota 1 (%d+) %a+ %d+\n")
  if not data_until or not text:find("\nend\n$") then return "unknown", "its file is damaged" end
  local age = now - tonumber(data_until)
  if age > MAX_AGE_SECONDS then return "unknown", string.format("the data are %d s old", age) end
  for state, used, limit, unit, period, ends in text:gmatch("\n(%a+) ([%d.]+) ([%d.]+) (%w+) ([%w_]+) (%d+)") do
    -- What was used of a period that has ended counts no more.
    local has_ended = tonumber(ends) > 0 and tonumber(ends) <= now
    if (state == "over" and not has_ended) or tonumber(limit) <= 0 then
      local over = string.format("%s of %s %s per %s", used, limit, unit, (period:gsub("_", " ")))
      -- Of the last N days there is no end: use leaves them day by day.
      if tonumber(ends) > now then over = over .. os.date("!, until %Y-%m-%d %H:%M UTC", tonumber(ends)) end
      return "over", over
    end
  end
  return "within"
end

local function subjects_of(job_desc)
  local subjects = { { "user", string.format("%d", job_desc.user_id) } }
  local account = job_desc.account or job_desc.default_account
  if account then table.insert(subjects, { "account", file_name(account) }) end
  for partition in (job_desc.partition or ""):gmatch("[^,]+") do
    table.insert(subjects, { "partition", file_name(partition) })
  end
  local qos = job_desc.qos or job_desc.default_qos
  if qos then table.insert(subjects, { "qos", file_name(qos) }) end
  return subjects
end

-- What is wrong with a job, as far as quotas go; nil: nothing.
local function quota_refusal(job_desc, now)
  for _, subject in ipairs(subjects_of(job_desc)) do
    local kind, name = subject[1], subject[2]
    local state, text = quota_state(kind, name, now)
    if state == "over" then return string.format("energy quota reached, %s %s: %s", kind, name, text) end
    if state == "unknown" then
      slurm.log_info("eit quota: that of %s %s is unknown: %s", kind, name, text)
      if REFUSE_UNKNOWN then return string.format("the energy quota of %s %s is not known now", kind, name) end
    end
  end
  return nil
end

function slurm_job_submit(job_desc, part_list, submit_uid)
  -- No mistake in here may keep jobs from running.
  local is_done, refusal = pcall(quota_refusal, job_desc, os.time())
  if not is_done then
    slurm.log_error("eit quota: %s", tostring(refusal))
    return slurm.SUCCESS
  end
  if refusal == nil then return slurm.SUCCESS end
  slurm.log_user("%s. See: eit-report", refusal)
  return WARN_ONLY and slurm.SUCCESS or slurm.ERROR
end

function slurm_job_modify(job_desc, job_rec, part_list, modify_uid)
  return slurm.SUCCESS
end
