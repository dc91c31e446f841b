#include <rd4ad/data/detail/label_files.hpp>
//
#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
namespace detail = data::detail;
using test::mentions;
using test::message_of;

std::string labelme_text(const std::string& shapes) {
    return R"({"imageWidth": 8, "imageHeight": 6, "shapes": [)" + shapes + "]}";
}

TEST_CASE("label files are recognised by their content", "[data]") {
    const test::scratch_folder folder;
    const auto shapes_in = [&](const std::string& name, const std::string& content) {
        test::write_text(folder / name, content);
        const auto found = detail::labels_in(folder / name);
        return found ? text(found->format, ' ', found->shapes, ' ', found->first) : "none";
    };
    CHECK(shapes_in("a.json", labelme_text(R"({"label": "pit", "points": [[1, 1]]}, {"label": "dent", "points": []})")) ==
          "labelme 2 pit");
    CHECK(shapes_in("a.json", labelme_text("")) == "labelme 0 ");
    CHECK(shapes_in("a.json", labelme_text(R"({"label": "OK", "points": []})")) == "labelme 0 ");
    CHECK(shapes_in("a.json", R"({"exposure": 3})") == "none");
    CHECK(shapes_in("a.json", "no JSON") == "none");
    CHECK(shapes_in("a.txt", "0 0.5 0.5 0.1 0.2\n\n1 0.1 0.1 0.2 0.2\r\n") == "YOLO 2 class 0");
    CHECK(shapes_in("a.txt", "") == "YOLO 0 ");
    CHECK(shapes_in("a.txt", "exposure 3 ms\n") == "none");
    CHECK(shapes_in("a.txt", "1 2 3 4 5\n") == "none");
    CHECK(shapes_in("a.xml", "<annotation><object><name>rust</name></object><object/></annotation>") == "VOC 2 rust");
    CHECK(shapes_in("a.xml", "<annotation></annotation>") == "VOC 0 ");
    CHECK(shapes_in("a.xml", "<exif/>") == "none");
    std::string many = "<annotation>";  // a search for the name of each object takes a minute
    for (int i = 0; i < 100'000; ++i) many += "<object/>";
    CHECK(shapes_in("a.xml", many) == "VOC 100000 ");
}

TEST_CASE("labels of defects among good images are faults that name both files", "[data]") {
    const test::scratch_folder folder;
    const auto& root = folder.path();
    test::touch(root, {"a.png", "b.png", "c.png", "d.png", "e.png"});
    test::write_text(root / "a.json", labelme_text(R"({"label": "pit", "points": [[1, 1]]})"));
    test::write_text(root / "b.json", labelme_text(""));
    test::write_text(root / "c.txt", "0 0.5 0.5 0.1 0.2\n");
    test::write_text(root / "notes.txt", "0 0.5 0.5 0.1 0.2\n");
    test::write_text(root / "instances.json",
                     R"({"images": [{"id": 1, "file_name": "x/d.png"}, {"id": 2, "file_name": "e.png"}],
                         "annotations": [{"image_id": 1}]})");
    detail::reading to{root, {}};
    detail::check_labels_of_good(to.images(root, "train", "images"), "good", to);
    const auto message = message_of<data_error>([&] { to.check(); });
    CHECK_THAT(message, mentions("3 faults", root / "a.png", "a.json (labelme) labels 1 defect", "pit", root / "c.png",
                                 "c.txt (YOLO)", root / "d.png", "instances.json (COCO)", "test/<defect>", "layout bsd"));
    CHECK(message.find("b.png") == std::string::npos);
    CHECK(message.find("e.png") == std::string::npos);
}
}  // namespace
