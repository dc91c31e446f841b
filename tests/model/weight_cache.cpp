// Names of fetched weights, the folder of the cache, and the message for a missing file.
#include <rd4ad/model/weight_cache.hpp>

#include <filesystem>
#include <string>
#include <string_view>

#include <rd4ad/model/arch.hpp>

#include <support/catch.hpp>
#include <support/environment.hpp>
#include <support/files.hpp>
#include <support/mentions.hpp>

using namespace rd4ad;

TEST_CASE("every architecture has a file whose name states its hash", "[model]") {
    for (const auto& arch : architectures) {
        const auto& file = imagenet_file_of(arch.name);
        CHECK(file.name.starts_with(arch.name));
        CHECK(file.hash().size() == 8);
        CHECK(file.hash().find_first_not_of("0123456789abcdef") == std::string_view::npos);
    }
    CHECK(imagenet_file_of("wide_resnet50_2").hash() == "95faca4d");
    CHECK_THAT(test::message_of([] { static_cast<void>(imagenet_file_of("resnet19")); }),
               test::mentions("'resnet19'", "resnet18, resnet34, resnet50, wide_resnet50_2"));
}

TEST_CASE("the environment sets the folder of the cache", "[model]") {
    const test::environment home{"HOME", "/home/someone"}, none{"RD4AD_CACHE", nullptr};
    {
        const test::environment all{"XDG_CACHE_HOME", nullptr};
        CHECK(cache_folder() == "/home/someone/.cache/rd4ad");
        const test::environment no_home{"HOME", nullptr};
        CHECK_THAT(test::message_of([] { static_cast<void>(cache_folder()); }),
                   test::mentions("no folder for fetched weights", "set RD4AD_CACHE, XDG_CACHE_HOME or HOME"));
    }
    {
        const test::environment relative{"XDG_CACHE_HOME", "caches"};  // the XDG standard ignores relative paths
        CHECK(cache_folder() == "/home/someone/.cache/rd4ad");
    }
    const test::environment all{"XDG_CACHE_HOME", "/caches"};
    CHECK(cache_folder() == "/caches/rd4ad");
    const test::environment own{"RD4AD_CACHE", "own"};
    CHECK(cache_folder() == "own");
}

TEST_CASE("a teacher's name is a path, or a file in the cache", "[model]") {
    const test::scratch_folder folder;
    const test::environment own{"RD4AD_CACHE", folder.path().c_str()};
    test::write_text(folder / "resnet18", "weights");
    CHECK(teacher_path((folder / "resnet18").string()) == folder / "resnet18");
    const auto refusal = [](const char* teacher) { return test::message_of([&] { static_cast<void>(teacher_path(teacher)); }); };
    CHECK_THAT(refusal("weights/mine.pth"),
               test::mentions("weights/mine.pth: no such file", "a file of weights", "resnet18-imagenet"));
    CHECK_THAT(refusal("resnet19-imagenet"), test::mentions("resnet19-imagenet: no such file", "resnet18-imagenet"));
    CHECK_THAT(refusal("wide_resnet50_2"), test::mentions("wide_resnet50_2: no such file", "the name of an architecture",
                                                          "give wide_resnet50_2-imagenet", "rd4ad fetch wide_resnet50_2"));
    CHECK_THAT(refusal("resnet18"), test::mentions("resnet18: no such file", "give resnet18-imagenet", "built-in"));
    const auto file = folder / "resnet50-0676ba61.pth";
    CHECK_THAT(test::message_of([] { static_cast<void>(teacher_path("resnet50-imagenet")); }),
               test::mentions(file, "rd4ad fetch resnet50", "torchvision's resnet50-0676ba61.pth into that folder"));
    test::write_text(file, "weights");
    CHECK(teacher_path("resnet50-imagenet") == file);
}
