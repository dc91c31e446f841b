// Checkpoints: their content, equal bits after loading, and the refusal of other files.
#include <rd4ad/model/checkpoint.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include <rd4ad/io/read_file.hpp>
#include <rd4ad/model/scoring_network.hpp>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>
#include <support/values.hpp>

using namespace rd4ad;

namespace {

template <Backend B>
model<B> model_with_settings() {
    auto m = make_model_without_teacher<B>("resnet18", {.seed = 3, .threads = 1});
    m.settings.height = 32, m.settings.width = 64;
    m.settings.preprocessing.geometry = image::geometry{.size = 128, .height = 64};
    m.settings.preprocessing.patches.per_row = m.settings.preprocessing.patches.per_column = 2;
    m.settings.normalisation = {{0.5f, 0.4f, 0.3f}, {0.2f, 0.25f, 0.3f}};
    m.settings.teacher = "resnet18-f37072fd.pth";
    m.batches = 17;
    return m;
}

template <Backend B>
std::vector<typename B::value_type> map_of(model<B>& m) {
    const shape size{2, 3, 32, 64};
    const auto images = to_device<B>(m.queue, size, test::seeded_values<typename B::value_type>(1, size.count()));
    return to_host<B>(m.queue, scoring_network<B>{m, 2}.map(m.queue, images));
}

/// Writes a file of metadata without tensors.
void write_metadata(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata) {
    io::tensor_file file;
    file.metadata = metadata;
    io::write_safetensors(path, file);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a checkpoint gives equal maps bit for bit, and holds tensors under PyTorch's names", "[model]",
                        test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    const test::scratch_folder folder;
    const auto path = folder / "part.safetensors";
    auto m = model_with_settings<B>();
    save_checkpoint<B>(path, m, {{"epochs", 5}});
    auto back = load_checkpoint<B>(path, {.threads = 1});
    CHECK(map_of<B>(back) == map_of<B>(m));
    CHECK(back.arch->name == "resnet18");
    CHECK((back.settings.height == 32 && back.settings.width == 64));
    CHECK(back.settings.preprocessing == m.settings.preprocessing);
    CHECK(back.settings.normalisation == m.settings.normalisation);
    CHECK(back.settings.teacher == "resnet18-f37072fd.pth");
    CHECK(back.batches == 17);
    CHECK(training_of(path) == io::json{{"epochs", 5}});

    const auto file = io::read_safetensors(path);
    CHECK(file.metadata.at("format") == "rd4ad 1");
    CHECK(file.metadata.at("arch") == "resnet18");
    const auto shape_of = [&](const std::string& name) {
        INFO(name);
        REQUIRE(file.contains(name));
        return file.find(name)->shape;
    };
    using sizes = std::vector<std::size_t>;
    CHECK(shape_of("teacher.conv1.weight") == sizes{64, 3, 7, 7});
    CHECK(shape_of("teacher.layer3.1.bn2.running_var") == sizes{256});
    CHECK(shape_of("bn.conv4.weight") == sizes{512, 1024, 1, 1});
    CHECK(shape_of("bn.bn_layer.0.downsample.0.weight") == sizes{512, 768, 1, 1});
    CHECK(shape_of("decoder.layer1.0.upsample.0.weight") == sizes{512, 256, 2, 2});
    CHECK(shape_of("decoder.layer3.1.bn2.num_batches_tracked").empty());
    CHECK(file.find("decoder.layer3.1.bn2.num_batches_tracked")->template values<double>() == std::vector<double>{17});
    CHECK(file.find("teacher.bn1.num_batches_tracked")->template values<double>() == std::vector<double>{0});
    CHECK(file.contains("bn.bn4.num_batches_tracked"));
    CHECK(file.find("bn.conv1.weight")->type == (sizeof(T) == 8 ? io::dtype::f64 : io::dtype::f32));
    // a norm has weight, bias, mean, variance and counter, a convolution a weight
    std::size_t counters = 0, convolutions = 0;
    for (const auto& [name, tensor] : file.tensors()) {
        counters += is_counter(name);
        convolutions += tensor.shape.size() == 4;
    }
    CHECK(counters == convolutions);
    CHECK(file.tensors().size() == 6 * counters);
}

TEST_CASE("a checkpoint stores its calibration, which replace_calibration changes alone", "[model]") {
    using B = std::tuple_element_t<0, test::backends>;
    const test::scratch_folder folder;
    const auto path = folder / "part.safetensors";
    auto m = model_with_settings<B>();
    save_checkpoint<B>(path, m, {{"epochs", 5}});
    CHECK(load_checkpoint<B>(path, {.threads = 1}).settings.calibration.is_null());
    m.settings.calibration = {{"threshold", 0.1}};
    save_checkpoint<B>(path, m, {{"epochs", 5}});
    const auto bytes = test::text_of_file(path);
    replace_calibration(path, {{"threshold", 0.2}});
    CHECK(calibration_in(path) == io::json{{"threshold", 0.2}});
    auto back = load_checkpoint<B>(path, {.threads = 1});
    CHECK(back.settings.calibration == io::json{{"threshold", 0.2}});
    CHECK(map_of<B>(back) == map_of<B>(m));
    CHECK(training_of(path) == io::json{{"epochs", 5}});
    replace_calibration(path, {{"threshold", 0.1}});
    CHECK((test::text_of_file(path) == bytes));  // Catch2 would print the whole files
}

TEST_CASE("a checkpoint loads from memory as from its file", "[model]") {
    using B = std::tuple_element_t<0, test::backends>;
    const test::scratch_folder folder;
    const auto path = folder / "part.safetensors";
    auto m = model_with_settings<B>();
    m.settings.calibration = {{"threshold", 0.1}};
    save_checkpoint<B>(path, m);
    auto bytes = io::read_file(path);
    auto back = load_checkpoint<B>(bytes, "the resource", {.threads = 1});
    const auto intact = bytes;
    std::fill(bytes.begin(), bytes.end(), std::byte{0});  // the model keeps none of them
    CHECK(map_of<B>(back) == map_of<B>(m));
    CHECK(back.settings.calibration == m.settings.calibration);
    CHECK(back.settings.preprocessing == m.settings.preprocessing);

    const auto loading = [](std::span<const std::byte> from) {
        return test::message_of([&] { static_cast<void>(load_checkpoint<B>(from, "the resource", {.threads = 1})); });
    };
    CHECK_THAT(loading({}), test::mentions("the resource: has 0 bytes", "empty"));
    CHECK_THAT(loading(std::span{intact}.first(intact.size() - 4)), test::mentions("the resource: ", "truncated or damaged"));
    auto damaged = intact;
    damaged.back() ^= std::byte{1};
    CHECK_THAT(loading(damaged), test::mentions("the resource: tensor", "is damaged"));
    write_metadata(folder / "a.safetensors", {{"format", "rd4ad 9"}});
    CHECK_THAT(loading(io::read_file(folder / "a.safetensors")), test::mentions("the resource: format 'rd4ad 1' expected"));
}

TEST_CASE("a float checkpoint loads in double", "[model]") {
    using single = std::tuple_element_t<0, test::backends>;
    using exact = std::tuple_element_t<0, test::double_backends>;
    const test::scratch_folder folder;
    const auto path = folder / "part.safetensors";
    auto m = model_with_settings<single>();
    save_checkpoint<single>(path, m);
    auto back = load_checkpoint<exact>(path, {.threads = 1});
    CHECK(test::relative_error(map_of<single>(m), map_of<exact>(back)) < 1e-3);
    CHECK(training_of(path) == io::json::object());
}

TEST_CASE("a file that is no checkpoint is refused by name", "[model]") {
    using B = std::tuple_element_t<0, test::backends>;
    const test::scratch_folder folder;
    const auto path = folder / "x.safetensors";
    const auto message = [&] { return test::message_of([&] { static_cast<void>(load_checkpoint<B>(path)); }); };
    const auto with = [&](const std::map<std::string, std::string>& metadata) {
        write_metadata(path, metadata);
        return message();
    };
    CHECK_THAT(with({}), test::mentions(path, "rd4ad train", "'format'"));
    CHECK_THAT(with({{"format", "rd4ad 2"}}),
               test::mentions(path, "'rd4ad 1' expected", "'rd4ad 2'", "use the version of rd4ad"));
    CHECK_THAT(with({{"format", "rd4ad resume 1"}}), test::mentions(path, "the file for --resume", "without .resume"));
    CHECK_THAT(with({{"format", "rd4ad 1"}}), test::mentions(path, "rd4ad train", "'arch'"));
    CHECK_THAT(with({{"format", "rd4ad 1"}, {"arch", "vgg16"}}),
               test::mentions(path, "'vgg16'", "resnet18, resnet34, resnet50, wide_resnet50_2"));

    std::map<std::string, std::string> good{{"format", "rd4ad 1"}, {"arch", "resnet18"}, {"teacher", "none"}};
    const auto with_settings = [&](const std::string& settings) {
        good["settings"] = settings;
        return with(good);
    };
    const auto lacks = [&](const char* key) { return test::mentions(path, "'settings'", key, "write the checkpoint again"); };
    CHECK_THAT(with_settings("{}"), lacks("whole number 'height'"));
    CHECK_THAT(with_settings("[]"), lacks("whole number 'height'"));
    CHECK_THAT(with_settings(R"({"height": -32, "width": 32})"), lacks("whole number 'height'"));
    CHECK_THAT(with_settings(R"({"height": 1099511627776, "width": 32, "batches": 0})"),
               test::mentions(path, "32 x 1099511627776 pixels", "no network takes"));
    CHECK_THAT(with_settings(R"({"height": 32, "width": 32, "batches": 0})"), lacks("three numbers 'mean'"));
    CHECK_THAT(with_settings(R"({"height": 32, "width": 32, "batches": 0, "preprocessing": {"fit": "squa3h"}})"),
               test::mentions(path, "'settings'", "squa3h", "squash, pad"));
    CHECK_THAT(with_settings(R"({"height": 32, "width": 32, "batches": 0, "mean": [0, 0, 0], "deviation": [1, "a", 1]})"),
               lacks("three numbers 'deviation'"));
    CHECK_THAT(with_settings(R"({"height": 32, "width": 32, "batches": 0, "mean": [0, 0, 0], "deviation": [1, 1, 1]})"),
               test::mentions(path, "missing: conv1.weight, bn1.weight, bn1.bias, "));

    test::write_text(path, "an image");
    CHECK_THAT(message(), test::mentions(path, "header"));
    test::write_text(path, "");
    CHECK_THAT(message(), test::mentions(path, "0 bytes", "safetensors"));
}

TEST_CASE("a checkpoint that was damaged or changed is refused by name, and loads unchecked on request", "[model]") {
    using B = std::tuple_element_t<0, test::backends>;
    const test::scratch_folder folder;
    const auto path = folder / "part.safetensors";
    auto m = model_with_settings<B>();
    m.settings.calibration = {{"threshold", 0.25}};
    save_checkpoint<B>(path, m, {{"epochs", 5}});
    const auto whole = test::text_of_file(path);
    const auto loading = [&](bool verify) {
        return test::message_of([&] { static_cast<void>(load_checkpoint<B>(path, {.threads = 1, .verify = verify})); });
    };
    const auto with = [&](const auto& change) {
        auto changed = whole;
        change(changed);
        test::write_text(path, changed);
        CHECK(loading(false) == "nothing thrown");
        return loading(true);
    };
    const auto damaged = [&](const char* part) { return test::mentions(path, part, "is damaged", "checksum", "--no-verify"); };
    CHECK(with([](std::string&) {}) == "nothing thrown");
    CHECK_THAT(with([](std::string& bytes) { bytes[bytes.size() - 3] ^= 1; }), damaged("tensor '"));
    CHECK_THAT(with([](std::string& bytes) { std::fill(bytes.end() - 4096, bytes.end(), '\0'); }), damaged("tensor '"));
    CHECK_THAT(with([](std::string& bytes) { bytes[bytes.find("0.25}") + 2] = '9'; }), damaged("metadata 'calibration'"));
    CHECK_THAT(test::message_of([&] { static_cast<void>(calibration_in(path)); }), damaged("metadata 'calibration'"));
    CHECK(calibration_in(path, {.verify = false}) == io::json{{"threshold", 0.95}});
    // New checksums would hide the damage.
    CHECK_THAT(test::message_of([&] { replace_calibration(path, {{"threshold", 0.5}}); }), damaged("metadata 'calibration'"));

    auto old = whole;  // as files of earlier versions: without checksums
    old[old.find(io::checksums_key)] = 'x';
    test::write_text(path, old);
    CHECK(loading(true) == "nothing thrown");
}

TEST_CASE("a model that is not finite is neither saved nor loaded", "[model]") {
    using B = std::tuple_element_t<0, test::backends>;
    using T = B::value_type;
    const test::scratch_folder folder;
    const auto path = folder / "part.safetensors";
    auto m = model_with_settings<B>();
    save_checkpoint<B>(path, m);
    const auto before = test::text_of_file(path);
    CHECK(unusable_tensor(m.queue, m).empty());
    auto student = trainable_of(m);
    const auto& p = m.trainable.layers.table.values.at(5);
    student.values[p.offset + 1] = std::numeric_limits<T>::quiet_NaN();
    set_trainable(m, student);
    CHECK_THAT(unusable_tensor(m.queue, m), test::mentions(p.name, "NaN"));
    CHECK_THAT(test::message_of([&] { save_checkpoint<B>(path, m); }), test::mentions(p.name, "NaN", "not saved"));
    CHECK((test::text_of_file(path) == before));

    io::tensor_file damaged = io::read_safetensors(path);
    io::tensor_file file;
    file.metadata = damaged.metadata;
    for (const auto& [name, tensor] : damaged.tensors()) {
        auto bytes = std::vector<std::byte>(tensor.bytes.begin(), tensor.bytes.end());
        if (name == "teacher.layer2.0.conv1.weight") std::fill(bytes.begin(), bytes.begin() + 8, std::byte{0xFF});
        file.insert_bytes(name, tensor.type, tensor.shape, std::move(bytes));
    }
    io::write_safetensors(path, file);
    CHECK_THAT(test::message_of([&] { static_cast<void>(load_checkpoint<B>(path)); }),
               test::mentions(path, "teacher.layer2.0.conv1.weight (NaN at value 0)"));

    auto healthy = model_with_settings<B>();
    const auto saving = [&](const auto& change) {
        auto other = model_with_settings<B>();
        change(other);
        return test::message_of([&] { save_checkpoint<B>(path, other); });
    };
    CHECK_THAT(saving([](auto& other) {
                   other.settings.calibration = {{"threshold", std::nan("")}};
               }),
               test::mentions("calibration", "/threshold", "not finite"));
    CHECK_THAT(saving([](auto& other) { other.settings.normalisation.mean[1] = std::numeric_limits<float>::infinity(); }),
               test::mentions("settings", "/mean/1", "not finite"));
    healthy.settings.normalisation.deviation[2] = 0;
    save_checkpoint<B>(path, healthy);
    CHECK_THAT(test::message_of([&] { static_cast<void>(load_checkpoint<B>(path)); }),
               test::mentions(path, "channel 2", "deviation 0.0", "above 0"));
    CHECK_THAT(test::message_of([&] {
                   replace_calibration(path, {{"good_scores", {1.0, std::nan("")}}});
               }),
               test::mentions(path, "/good_scores/1", "not finite"));
}

TEST_CASE("a checkpoint of an earlier version calls the preprocessing view", "[model]") {
    using B = std::tuple_element_t<0, test::backends>;
    const test::scratch_folder folder;
    const auto path = folder / "part.safetensors";
    auto m = model_with_settings<B>();
    save_checkpoint<B>(path, m);
    const auto with_settings = [&](const auto& change) {
        auto file = io::read_safetensors(path);
        auto settings = io::parse_json(file.metadata.at("settings"), "settings");
        change(settings);
        file.metadata["settings"] = settings.dump();
        const auto changed = folder / "changed.safetensors";
        io::write_safetensors(changed, file);
        return load_checkpoint<B>(changed, {.threads = 1}).settings.preprocessing;
    };
    CHECK(with_settings([](io::json& settings) {
              settings["view"] = settings.at("preprocessing");
              settings.erase("preprocessing");
          }) == m.settings.preprocessing);
    CHECK(with_settings([](io::json& settings) { settings.erase("preprocessing"); }) ==
          data::preprocessing{.geometry = {.size = 64, .height = 32}});
}
