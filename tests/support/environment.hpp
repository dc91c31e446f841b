// tests/support/environment.hpp: sets an environment variable for a scope.
#pragma once
#include <cstdlib>
#include <optional>
#include <string>

namespace rd4ad::test {

/// Sets `name` to `value` (nullptr: unsets it); the destructor restores the old value.
class environment {
   public:
    environment(const char* name, const char* value) : name_{name} {
        if (const char* old = std::getenv(name)) old_ = old;
        set(value);
    }
    ~environment() { set(old_ ? old_->c_str() : nullptr); }
    environment(const environment&) = delete;
    environment& operator=(const environment&) = delete;

   private:
    void set(const char* value) const {
        if (value)
            ::setenv(name_.c_str(), value, 1);
        else
            ::unsetenv(name_.c_str());
    }

    std::string name_;
    std::optional<std::string> old_;
};

}  // namespace rd4ad::test
