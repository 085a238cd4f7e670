/* What servers' processes and the machine used while it was measured, and the result as one JSON object. */
#include "core.h"
#include "machine.h"
#include <stdlib.h>

enum { MOST_PROCESSES = 16, KINDS = 5 };
static struct {
    char name[32];
    int pid;
    double cpu_before, cpu_after;
    long rss_idle, rss_conn, rss_end; /* KiB */
} processes[MOST_PROCESSES];
static int process_count;
static double machine_before[KINDS], machine_after[KINDS], self_before, self_after, joined_s;
static struct backlog behind;

void watch_processes(char *list) {
    for (char *item = strtok(list, ","); item && process_count < MOST_PROCESSES; item = strtok(NULL, ",")) {
        char *colon = strchr(item, ':');
        if (!colon) continue;
        *colon = 0;
        snprintf(processes[process_count].name, sizeof processes[0].name, "%s", item);
        processes[process_count].pid = atoi(colon + 1);
        processes[process_count].rss_idle = pid_rss(processes[process_count].pid);
        process_count++;
    }
}
void note_joined(double took_s) {
    joined_s = took_s;
    for (int i = 0; i < process_count; i++) processes[i].rss_conn = pid_rss(processes[i].pid);
}
void note_start(void) {
    for (int i = 0; i < process_count; i++) processes[i].cpu_before = pid_cpu(processes[i].pid);
    mach(machine_before);
    self_before = self_cpu();
}
void note_end(int64_t now) {
    for (int i = 0; i < process_count; i++) {
        processes[i].cpu_after = pid_cpu(processes[i].pid);
        processes[i].rss_end = pid_rss(processes[i].pid);
    }
    mach(machine_after);
    self_after = self_cpu();
    behind = backlog(now);
}

static void report_processes(void) {
    double cpu = 0, seconds = options.measured_s;
    long idle = 0, connected = 0, end = 0;
    printf("\"procs\":{");
    for (int i = 0; i < process_count; i++) {
        double used = processes[i].cpu_after - processes[i].cpu_before;
        cpu += used;
        idle += processes[i].rss_idle;
        connected += processes[i].rss_conn;
        end += processes[i].rss_end;
        printf("%s\"%s\":{\"cpu\":%.2f,\"rss_idle\":%ld,\"rss_conn\":%ld,\"rss_end\":%ld}", i ? "," : "",
               processes[i].name, used, processes[i].rss_idle, processes[i].rss_conn, processes[i].rss_end);
    }
    printf("},\"server_cpu\":%.3f,\"cpu_per_player_s\":%.7f,\"gen_cpu\":%.3f,", cpu,
           cpu / seconds / options.players, self_after - self_before);
    printf("\"rss_per_conn_kb\":%.1f,\"rss_total_end_mb\":%.1f,",
           (double)(connected - idle) / options.players, end / 1024.0);
}
static void report_machine(void) {
    static const char *const kinds[KINDS] = {"user", "sys", "irq", "steal", "idle"};
    printf("\"machine\":{");
    for (int i = 0; i < KINDS; i++)
        printf("%s\"%s\":%.2f", i ? "," : "", kinds[i], machine_after[i] - machine_before[i]);
    printf("},");
}
static void report_traffic(void) {
    double seconds = options.measured_s, each = seconds * options.players;
    uint64_t bytes = 0, frames = 0, least = UINT64_MAX, most = 0;
    for (int i = 0; i < options.players; i++) {
        bytes += conns[i].bytes;
        frames += conns[i].frames;
        if (conns[i].bytes < least) least = conns[i].bytes;
        if (conns[i].bytes > most) most = conns[i].bytes;
    }
    printf("\"frames_per_client_s\":%.1f,\"bytes_per_client_s\":%.0f,\"bytes_min\":%.0f,\"bytes_max\":%.0f,",
           frames / each, bytes / each, least / seconds, most / seconds);
}
static void report_sight(void) {
    double each = options.measured_s * options.observers;
    uint64_t updates = seen_positions + seen_scores + seen_coins;
    printf("\"moves_per_s\":%.1f,\"grabs_per_s\":%.1f,\"moves_total\":%lu,\"grabs_total\":%lu,",
           acts.measured_moves / options.measured_s, acts.measured_grabs / options.measured_s, acts.moves,
           acts.grabs);
    printf("\"upd_per_client_s\":%.1f,\"upd_per_s\":%.0f,\"pos\":%.1f,\"score\":%.1f,\"coin\":%.1f,",
           updates / each, updates / each * options.players, seen_positions / each, seen_scores / each,
           seen_coins / each);
    printf("\"visible_ratio\":%.4f,", moves_seen / options.measured_s / pairs() / 10.0);
}
static void report_times(void) {
    printf("\"lat_ms\":{\"n\":%lu,\"mean\":%.2f,\"p50\":%.2f,\"p90\":%.2f,\"p99\":%.2f,\"max\":%.2f},",
           latency_us.n, latency_us.n ? latency_us.sum / latency_us.n / 1000 : -1, hq(&latency_us, .5) / 1000,
           hq(&latency_us, .9) / 1000, hq(&latency_us, .99) / 1000, latency_us.max / 1000.0);
    printf("\"gen_lag_ms\":{\"p50\":%.2f,\"p99\":%.2f,\"max\":%.2f},", hq(&late_us, .5) / 1000,
           hq(&late_us, .99) / 1000, late_us.max / 1000.0);
    printf(
        "\"backlog\":{\"moves_mean\":%.2f,\"age_ms_mean\":%.1f,\"age_ms_max\":%.1f,\"out_bytes_max\":%lu},",
        behind.moves_mean, behind.age_ms_mean, behind.age_ms_max, out_len_max);
}

void report(void) {
    printf("{\"proto\":\"%s\",\"n\":%d,\"dur\":%.2f,\"connect_s\":%.2f,", options.proto->name,
           options.players, options.measured_s, joined_s);
    report_processes();
    report_machine();
    report_traffic();
    report_sight();
    report_times();
    printf("\"converged\":%.4f,\"dead\":%d,\"why\":\"%s\"}\n", converged(), dead_count, first_failure);
}
void report_failure(double took_s) {
    printf("{\"proto\":\"%s\",\"n\":%d,\"error\":\"only %d of %d joined in %.1f s; %s\"}\n",
           options.proto->name, options.players, ready_count, options.players, took_s, first_failure);
}
