// Times oneDNN's LSTM primitive on the infer_seq and train_fwdbwd rows of `compare`.
//   echo 10 | OMP_NUM_THREADS=1 lstm_onednn --filter 'infer_seq I64_H128_L2_B32_T100'
// Prepares that row, prints the library's name, and answers each number of iterations on its input with the seconds they
// took; an eighth as many go before, untimed.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <iostream>
#include <random>
#include <regex>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

using namespace dnnl;
using dims = memory::dims;
using tag = memory::format_tag;

struct Sizes { long i, h, layers, batch, steps; };

static engine cpu(engine::kind::cpu, 0);
static stream queue(cpu);

static memory::desc plain(const dims& sizes, tag order) { return {sizes, memory::data_type::f32, order}; }
static memory::desc any(const dims& sizes) { return plain(sizes, tag::any); }

// Uniform in ±scale, in whatever layout the primitive asked for.
static memory filled(const memory::desc& wanted, const dims& sizes, tag order, float scale) {
    static std::mt19937 random(1);
    memory source(plain(sizes, order), cpu), result(wanted, cpu);
    float* values = static_cast<float*>(source.get_data_handle());
    size_t count = source.get_desc().get_size() / sizeof(float);
    std::uniform_real_distribution<float> uniform(-scale, scale);
    for (size_t n = 0; n < count; n++) values[n] = uniform(random);
    reorder(source, result).execute(queue, source, result);
    queue.wait();
    return result;
}

static float largest(memory& m) {
    const float* values = static_cast<const float*>(m.get_data_handle());
    float result = 0;
    for (size_t n = 0; n < m.get_desc().get_size() / sizeof(float); n++) result = std::fmax(result, std::fabs(values[n]));
    return result;
}

static void require(bool condition, const char* what) {
    if (!condition) throw std::runtime_error(what);
}

// The layers of a stack that have the same input size are one primitive; the first is one of its own where it differs.
struct Stage {
    Sizes sizes;
    lstm_forward::primitive_desc forward_desc;
    lstm_forward forward;
    lstm_backward backward;
    std::unordered_map<int, memory> arguments, gradients;
    memory dw_layer, dw_iter, db;           // what accumulates
    std::vector<std::pair<memory, memory>> derived;   // weights → their layout for backward, made anew each time

    Stage(Sizes s, memory x, memory dx, memory dy, bool training) : sizes(s) {
        auto kind = training ? prop_kind::forward_training : prop_kind::forward_inference;
        auto direction = rnn_direction::unidirectional_left2right;
        float scale = 1 / std::sqrt(static_cast<float>(s.h));
        dims wl{s.layers, 1, s.i, 4, s.h}, wi{s.layers, 1, s.h, 4, s.h}, bias{s.layers, 1, 4, s.h};
        auto y_desc = plain({s.steps, s.batch, s.h}, tag::tnc);
        auto b_desc = plain(bias, tag::ldgo);
        lstm_forward::desc forward_op(kind, direction, x.get_desc(), memory::desc(), memory::desc(), any(wl), any(wi), b_desc,
            y_desc, memory::desc(), memory::desc());
        forward_desc = lstm_forward::primitive_desc(forward_op, cpu);
        forward = lstm_forward(forward_desc);
        memory w_layer = filled(forward_desc.weights_layer_desc(), wl, tag::ldigo, scale);
        memory w_iter = filled(forward_desc.weights_iter_desc(), wi, tag::ldigo, scale);
        memory b = filled(b_desc, bias, tag::ldgo, scale);
        arguments = {{DNNL_ARG_SRC_LAYER, x}, {DNNL_ARG_WEIGHTS_LAYER, w_layer}, {DNNL_ARG_WEIGHTS_ITER, w_iter},
            {DNNL_ARG_BIAS, b}, {DNNL_ARG_DST_LAYER, memory(y_desc, cpu)}};
        if (!training) return;

        memory workspace(forward_desc.workspace_desc(), cpu);
        arguments[DNNL_ARG_WORKSPACE] = workspace;
        lstm_backward::desc backward_op(prop_kind::backward, direction, x.get_desc(), memory::desc(), memory::desc(), any(wl), any(wi),
            b_desc, y_desc, memory::desc(), memory::desc(), dx.get_desc(), memory::desc(), memory::desc(), any(wl), any(wi), b_desc,
            dy.get_desc(), memory::desc(), memory::desc());
        lstm_backward::primitive_desc backward_desc(backward_op, cpu, forward_desc);
        backward = lstm_backward(backward_desc);
        memory back_layer(backward_desc.weights_layer_desc(), cpu), back_iter(backward_desc.weights_iter_desc(), cpu);
        derived = {{w_layer, back_layer}, {w_iter, back_iter}};
        dw_layer = memory(backward_desc.diff_weights_layer_desc(), cpu);
        dw_iter = memory(backward_desc.diff_weights_iter_desc(), cpu);
        db = memory(backward_desc.diff_bias_desc(), cpu);
        gradients = {{DNNL_ARG_SRC_LAYER, x}, {DNNL_ARG_WEIGHTS_LAYER, back_layer}, {DNNL_ARG_WEIGHTS_ITER, back_iter},
            {DNNL_ARG_BIAS, b}, {DNNL_ARG_DST_LAYER, arguments[DNNL_ARG_DST_LAYER]}, {DNNL_ARG_WORKSPACE, workspace},
            {DNNL_ARG_DIFF_SRC_LAYER, dx}, {DNNL_ARG_DIFF_WEIGHTS_LAYER, dw_layer}, {DNNL_ARG_DIFF_WEIGHTS_ITER, dw_iter},
            {DNNL_ARG_DIFF_BIAS, db}, {DNNL_ARG_DIFF_DST_LAYER, dy}};
    }

    memory output() { return arguments[DNNL_ARG_DST_LAYER]; }

    void run_forward() { forward.execute(queue, arguments); }

    // The gradients of weights and biases accumulate, so they are cleared first.
    void run_backward() {
        for (auto& pair : derived) reorder(pair.first, pair.second).execute(queue, pair.first, pair.second);
        for (memory* gradient : {&dw_layer, &dw_iter, &db}) std::memset(gradient->get_data_handle(), 0, gradient->get_desc().get_size());
        backward.execute(queue, gradients);
    }
};

static std::function<void()> prepare(Sizes s, bool training) {
    std::vector<Sizes> parts;
    if (s.i == s.h || s.layers == 1) parts = {s};
    else parts = {{s.i, s.h, 1, s.batch, s.steps}, {s.h, s.h, s.layers - 1, s.batch, s.steps}};

    // A gradient at each seam: of the stack's input, between its stages, of its output.
    std::vector<memory> seams;
    for (size_t k = 0; k <= parts.size(); k++) {
        dims sizes{s.steps, s.batch, k == 0 ? s.i : s.h};
        seams.push_back(filled(plain(sizes, tag::tnc), sizes, tag::tnc, 1));
    }
    dims x_sizes{s.steps, s.batch, s.i};
    memory x = filled(plain(x_sizes, tag::tnc), x_sizes, tag::tnc, 1);
    auto* stages = new std::vector<Stage>();
    for (size_t k = 0; k < parts.size(); k++) stages->emplace_back(parts[k], k == 0 ? x : (*stages)[k - 1].output(), seams[k], seams[k + 1], training);

    auto run = [stages, training] {
        for (Stage& stage : *stages) stage.run_forward();
        if (training) for (auto stage = stages->rbegin(); stage != stages->rend(); ++stage) stage->run_backward();
        queue.wait();
    };

    // All of the named work is really done.
    std::memset(seams[0].get_data_handle(), 0, seams[0].get_desc().get_size());
    run();
    memory y = stages->back().output();
    require(largest(y) > 0, "no output");
    if (training) {
        require(largest(seams[0]) > 0, "no input gradient");
        for (Stage& stage : *stages) require(largest(stage.dw_layer) > 0 && largest(stage.dw_iter) > 0 && largest(stage.db) > 0, "no weight gradient");
    }
    return run;
}

static double seconds(const std::function<void()>& run, long iterations) {
    auto start = std::chrono::steady_clock::now();
    for (long n = 0; n < iterations; n++) run();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int main(int count, char** values) try {
    std::string filter;
    for (int n = 1; n + 1 < count; n++)
        if (!std::strcmp(values[n], "--filter")) filter = values[n + 1];
    // The row is in the filter itself: ^what I1_H2_L3_B4_T5$
    std::smatch found;
    Sizes s;
    if (!std::regex_search(filter, found, std::regex(R"((infer_seq|train_fwdbwd) I(\d+)_H(\d+)_L(\d+)_B(\d+)_T(\d+))")))
        throw std::runtime_error("--filter has to name a row, as in '^infer_seq I64_H128_L2_B32_T100$'");
    s = {std::stol(found[2]), std::stol(found[3]), std::stol(found[4]), std::stol(found[5]), std::stol(found[6])};
    auto run = prepare(s, found[1] == "train_fwdbwd");
    std::printf("oneDNN %d.%d\n", dnnl_version()->major, dnnl_version()->minor);
    std::fflush(stdout);
    for (long iterations; std::cin >> iterations;) {
        seconds(run, iterations / 8);
        std::printf("%.9g\n", seconds(run, iterations));
        std::fflush(stdout);
    }
    return 0;
} catch (const std::exception& e) {
    std::fprintf(stderr, "oneDNN: %s\n", e.what());
    return 1;
}
