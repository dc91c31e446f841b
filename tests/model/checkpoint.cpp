// One file that scores: what is in it, that it comes back bit for bit, and what is said of files that are none.
#include <rd4ad/model/checkpoint.hpp>

#include <map>
#include <string>
#include <vector>

#include <rd4ad/model/scoring.hpp>

#include <support/backends.hpp>
#include <support/catch.hpp>
#include <support/files.hpp>
#include <support/gradient_check.hpp>

using namespace rd4ad;

namespace {

template <Backend B>
model<B> small_model() {
    auto m = make_model_without_teacher<B>("resnet18", {.seed = 3, .threads = 1});
    m.settings.height = 32, m.settings.width = 64;
    m.settings.view.geometry = {.size = 128, .height = 64};
    m.settings.view.patches.per_row = m.settings.view.patches.per_column = 2;
    m.settings.normalisation = {{0.5f, 0.4f, 0.3f}, {0.2f, 0.25f, 0.3f}};
    m.settings.teacher = "resnet18-f37072fd.pth";
    m.batches = 17;
    return m;
}

template <Backend B>
std::vector<typename B::value_type> map_of(model<B>& m) {
    const shape size{2, 3, 32, 64};
    const auto images = to_device<B>(m.queue, size, test::numbers<typename B::value_type>(1, size.count()));
    return to_host<B>(m.queue, scoring_network<B>{m, 2}.map(m.queue, images));
}

/// A file of metadata alone.
void write_metadata(const std::filesystem::path& path, const std::map<std::string, std::string>& metadata) {
    io::tensor_file file;
    file.metadata = metadata;
    io::write_safetensors(path, file);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("a checkpoint gives the same maps bit for bit, under PyTorch's names", "[model]", test::backends) {
    using B = TestType;
    using T = typename B::value_type;
    const test::scratch_folder folder;
    const auto path = folder / "part.safetensors";
    auto m = small_model<B>();
    save_checkpoint<B>(path, m, {{"epochs", 5}});
    auto back = load_checkpoint<B>(path, {.threads = 1});
    CHECK(map_of<B>(back) == map_of<B>(m));
    CHECK(back.arch->name == "resnet18");
    CHECK((back.settings.height == 32 && back.settings.width == 64));
    CHECK(back.settings.view == m.settings.view);
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
    CHECK(file.find("bn.conv1.weight")->type == (sizeof(T) == 8 ? io::element::f64 : io::element::f32));
    // each norm: weight, bias, mean, variance, counter; each convolution: weight
    std::size_t counters = 0, convolutions = 0;
    for (const auto& [name, tensor] : file.tensors()) {
        counters += is_counter(name);
        convolutions += tensor.shape.size() == 4;
    }
    CHECK(counters == convolutions);
    CHECK(file.tensors().size() == 6 * counters);
}

TEST_CASE("a checkpoint keeps its calibration, which can be replaced alone", "[model]") {
    using B = std::tuple_element_t<0, test::backends>;
    const test::scratch_folder folder;
    const auto path = folder / "part.safetensors";
    auto m = small_model<B>();
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
    CHECK((test::text_of_file(path) == bytes));  // not shown: it is long
}

TEST_CASE("a checkpoint of one precision is read in the other", "[model]") {
    using narrow = std::tuple_element_t<0, test::backends>;
    using wide = std::tuple_element_t<0, test::double_backends>;
    const test::scratch_folder folder;
    const auto path = folder / "part.safetensors";
    auto m = small_model<narrow>();
    save_checkpoint<narrow>(path, m);
    auto exact = load_checkpoint<wide>(path, {.threads = 1});
    CHECK(test::apart(map_of<narrow>(m), map_of<wide>(exact)) < 1e-3);
    CHECK(training_of(path) == io::json::object());
}

TEST_CASE("files that are no checkpoint are refused", "[model]") {
    using B = std::tuple_element_t<0, test::backends>;
    const test::scratch_folder folder;
    const auto path = folder / "x.safetensors";
    const auto message = [&] { return test::message_of([&] { static_cast<void>(load_checkpoint<B>(path)); }); };
    const auto with = [&](const std::map<std::string, std::string>& metadata) {
        write_metadata(path, metadata);
        return message();
    };
    const std::string name = path.string();
    CHECK(with({}) == name +
                          ": metadata 'format' is missing: expected a checkpoint written by rd4ad train; give one as the "
                          "checkpoint");
    CHECK(with({{"format", "rd4ad 2"}}) ==
          name + ": format 'rd4ad 2', but this version reads 'rd4ad 1': use the version of rd4ad that wrote it");
    CHECK(with({{"format", "rd4ad 1"}}) == name +
                                               ": metadata 'arch' is missing: expected a checkpoint written by rd4ad train; "
                                               "give one as the checkpoint");
    CHECK(with({{"format", "rd4ad 1"}, {"arch", "vgg16"}}) ==
          "architecture 'vgg16' is unknown: expected one of resnet18, resnet34, resnet50, wide_resnet50_2");

    std::map<std::string, std::string> good{{"format", "rd4ad 1"}, {"arch", "resnet18"}, {"teacher", "none"}};
    const auto with_settings = [&](const std::string& settings) {
        good["settings"] = settings;
        return with(good);
    };
    const std::string end = ": expected an rd4ad checkpoint; write it again";
    CHECK(with_settings("{}") == name + ": metadata 'settings' has no whole number 'height'" + end);
    CHECK(with_settings("[]") == name + ": metadata 'settings' has no whole number 'height'" + end);
    CHECK(with_settings(R"({"height": -32, "width": 32})") == name + ": metadata 'settings' has no whole number 'height'" + end);
    CHECK(with_settings(R"({"height": 32, "width": 32, "batches": 0})") ==
          name + ": metadata 'settings' has no three numbers 'mean'" + end);
    CHECK(with_settings(R"({"height": 32, "width": 32, "batches": 0, "mean": [0, 0, 0], "deviation": [1, "a", 1]})") ==
          name + ": metadata 'settings' has no three numbers 'deviation'" + end);
    const std::string lacks =
        with_settings(R"({"height": 32, "width": 32, "batches": 0, "mean": [0, 0, 0], "deviation": [1, 1, 1]})");
    CHECK(lacks.starts_with(name + ": does not hold the expected network: missing: conv1.weight, bn1.weight, bn1.bias, "));

    test::write_text(path, "a photograph");
    CHECK(message().starts_with(name + ": claims a header of "));
    test::write_text(path, "");
    CHECK(message() == name + ": has 0 bytes, too few for a safetensors file: it is cut off or another kind of file");
}
