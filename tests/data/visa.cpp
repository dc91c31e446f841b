#include <rd4ad/data/visa.hpp>
//
#include <support/catch.hpp>
#include <support/layouts.hpp>

namespace {
using namespace rd4ad;
using test::described;
using test::mentions;
using test::message_of;

const std::string csv_head = "object,split,label,image,mask\n";

TEST_CASE("VisA is opened", "[data]") {
    const test::scratch_folder folder;
    const auto& root = folder.path();
    test::touch(root, {"candle/Data/Images/Normal/0.JPG", "candle/Data/Images/Normal/1.JPG", "candle/Data/Images/Anomaly/0.JPG",
                       "pcb1/Data/Images/Normal/0.JPG"});
    test::write_mask(root / "candle/Data/Masks/Anomaly/0.png", 4, 3, 1, 2, 3);  // VisA numbers its defects: 3 is a dark grey
    test::write_content(
        root / "split_csv/1cls.csv",
        csv_head +
            "pcb1,train,normal,pcb1/Data/Images/Normal/0.JPG,\ncandle,train,normal,candle/Data/Images/Normal/0.JPG,\n"
            "candle,test,anomaly,candle/Data/Images/Anomaly/0.JPG,candle/Data/Masks/Anomaly/0.png\n"
            "candle,test,normal,candle/Data/Images/Normal/1.JPG,\n");
    CHECK(data::is_visa_root(root));
    CHECK(data::visa_names(root) == test::lines{"candle", "pcb1"});
    for (const auto& candle : {root / "candle", root / "candle/"}) {
        CHECK(data::is_visa(candle));
        const auto set = data::open_visa(candle);
        CHECK(set.name == "candle");
        CHECK(described(set.train, root) == test::lines{"candle/Data/Images/Normal/0.JPG good -"});
        CHECK(described(set.test, root) ==
              test::lines{"candle/Data/Images/Normal/1.JPG good -",
                          "candle/Data/Images/Anomaly/0.JPG anomaly! candle/Data/Masks/Anomaly/0.png"});
        CHECK(*data::load_mask(set.test[1], 4, 3).at(1, 2) == 1);
    }
}

TEST_CASE("a folder that isn't VisA is refused", "[data]") {
    const test::scratch_folder folder;
    const std::string root = folder.path().string(), split = root + "/split_csv/1cls.csv";
    const auto message = [&] { return message_of<error>([&] { (void)data::open_visa(folder / "candle"); }); };
    test::touch(folder.path(), {"candle/Data/Images/Normal/0.JPG"});
    CHECK_THAT(message(), mentions(root + "/candle: ", "Data/Images", "split_csv/1cls.csv", "layout visa", "found Data"));
    test::write_content(split, csv_head + "pcb1,train,normal,x.JPG,\n");
    CHECK_THAT(message(), mentions(split + ": ", "no normal image of \"candle\" for train", "original name"));
    test::write_content(split, csv_head + "candle,train,normal,candle/Data/Images/Normal/7.JPG,\n");
    CHECK_THAT(message(), mentions(split + ": line 2: ", "no such file", root + "/candle/Data/Images/Normal/7.JPG", root));
    test::write_content(split, "object,split,image\ncandle,train,x.JPG\n");
    CHECK_THAT(message(), mentions(split + ": line 1 ", "no column \"label\"", "object, split, image"));
}

TEST_CASE("VisA names what its split leaves out, and all faults of the split", "[data]") {
    const test::scratch_folder folder;
    const auto& root = folder.path();
    const std::string images = "candle/Data/Images/", split = root.string() + "/split_csv/1cls.csv";
    test::touch(root, {"candle/Data/Images/Normal/0.JPG", "candle/Data/Images/Normal/1.JPG", "candle/Data/Images/Anomaly/0.JPG",
                       "candle/image_anno.csv"});
    test::write_content(split, csv_head + "candle,train,Normal ," + images + "Normal/0.JPG,\ncandle,train,anomaly," + images +
                                   "Anomaly/0.JPG,\n");
    const auto set = data::open_visa(root / "candle");
    CHECK(data::summary(set.files) ==
          "5 files: 2 used (train 1, list 1), 3 left out: 1 defect of train, 1 not in the list, 1 .csv (not read)");
    test::write_content(split, csv_head + "candle,training,normal," + images + "Normal/0.JPG,\ncandle,all,normal," + images +
                                   "Normal/1.JPG,\ncandle,test,normal," + images + "Normal/0.JPG,\n");
    CHECK_THAT(message_of<data_error>([&] { (void)data::open_visa(root / "candle"); }),
               mentions("2 faults", split + ": line 3: ", "the split is \"all\"", split + ": line 4: ", "in train in line 2"));
}
}  // namespace
