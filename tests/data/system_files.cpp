// Names that systems and file servers make are told from images and their folders.
#include <rd4ad/data/system_files.hpp>

#include <support/catch.hpp>

using rd4ad::data::is_system_entry;

TEST_CASE("folders and files of systems and file servers are recognised", "[data]") {
    for (const char* name : {"@eaDir", "@EADIR", "#recycle", "$RECYCLE.BIN", "$Recycle.Bin", "System Volume Information",
                             "__MACOSX", ".thumbnails", ".@__thumb", "lost+found", "Thumbs.db", "thumbs.db", "desktop.ini",
                             ".DS_Store", "._000.png", ".Trash-1000", ".nfs0001"}) {
        INFO(name);
        CHECK(is_system_entry(name));
        CHECK(is_system_entry(std::filesystem::path{"photos/good"} / name));
    }
    CHECK(is_system_entry("photos/@eaDir/"));
}

TEST_CASE("images, their folders, and names that only resemble a system's are none", "[data]") {
    for (const char* name : {"good", "000.png", "eaDir", "@eaDir.png", "recycle", "lost", "found", "thumbs", "desktop.png",
                             "_.png", "trash", "MACOSX", ".", "..", "/", ""}) {
        INFO(name);
        CHECK(!is_system_entry(name));
    }
    CHECK(!is_system_entry("@eaDir/000.png"));  // the last name decides
}
