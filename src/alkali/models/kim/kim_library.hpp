#pragma once
#include <memory>
#include <string>
#include <vector>

/// The part of the C interface of KIM-API 2 that alkali calls, declared here so that the program builds and runs where
/// KIM is not installed. Source: kim-api 2.3 headers (KIM_Model.h, KIM_ComputeArguments.h, KIM_Collections.h, KIM_Log.h);
/// the soname libkim-api.so.2 stands for this interface.
namespace alkali::models::kim {

/// Every enumeration of the KIM-API is a struct with one int, passed by value.
struct Enumerator {
    int id;
};
struct Model;
struct ComputeArguments;
struct Collections;

using GetNeighbours = int (*)(void* data, int lists, const double* cutoffs, int list, int particle, int* count, const int** neighbours);
using AnyFunction = void();

/// Pointers into libkim-api.
struct Functions {
    using FromString = Enumerator (*)(const char*);
    using ToString = const char* (*)(Enumerator);
    FromString length_unit, energy_unit, charge_unit, temperature_unit, time_unit;
    FromString numbering, language, species_name, argument_name, callback_name, verbosity, item_type;
    ToString length_unit_text, energy_unit_text, support_text, item_type_text;

    int (*model_create)(Enumerator numbering, Enumerator length, Enumerator energy, Enumerator charge, Enumerator temperature,
                        Enumerator time, const char* name, int* units_accepted, Model** model);
    void (*model_destroy)(Model** model);
    void (*influence_distance)(const Model*, double*);
    void (*neighbour_lists)(const Model*, int* count, const double** cutoffs, const int** no_neighbours_of_ghosts);
    void (*model_units)(const Model*, Enumerator* length, Enumerator* energy, Enumerator* charge, Enumerator* temperature,
                        Enumerator* time);
    int (*species_support)(const Model*, Enumerator species, int* supported, int* code);
    int (*arguments_create)(const Model*, ComputeArguments**);
    int (*arguments_destroy)(const Model*, ComputeArguments**);
    int (*model_compute)(const Model*, const ComputeArguments*);

    int (*argument_support)(const ComputeArguments*, Enumerator name, Enumerator* status);
    int (*set_integers)(ComputeArguments*, Enumerator name, const int*);
    int (*set_doubles)(ComputeArguments*, Enumerator name, const double*);
    int (*set_callback)(ComputeArguments*, Enumerator name, Enumerator language, AnyFunction*, void* data);
    void (*all_required_present)(const ComputeArguments*, int* result);

    int (*collections_create)(Collections**);
    void (*collections_destroy)(Collections**);
    int (*item_type_of)(Collections*, const char* name, Enumerator* type);
    int (*cache_names)(Collections*, Enumerator type, int* count);
    int (*name_at)(Collections*, int index, const char** name);
    void (*project_version)(Collections*, const char** project, const char** version);

    void (*push_log_verbosity)(Enumerator);
    void (*pop_log_verbosity)();
};

/// libkim-api, opened on demand.
class Library {
public:
    /// Errors: ExternalProgramError when the library or one of its functions is missing, with what to install.
    [[nodiscard]] static std::shared_ptr<const Library> load(const std::string& file_name = "libkim-api.so.2");
    [[nodiscard]] const Functions& functions() const { return functions_; }
    /// Names of installed items of a type: "portableModel", "simulatorModel", "modelDriver".
    [[nodiscard]] std::vector<std::string> installed(const char* type) const;
    /// "portableModel", ... or empty when nothing of that name is installed.
    [[nodiscard]] std::string type_of(const std::string& name) const;
    /// Version of the library, such as "2.3.0".
    [[nodiscard]] std::string version() const;

private:
    Functions functions_{};
};

/// While it lives KIM objects that are created do not log: KIM would write a file kim.log into the working folder.
class QuietLog {
public:
    explicit QuietLog(const Functions& functions);
    ~QuietLog();
    QuietLog(const QuietLog&) = delete;
    QuietLog& operator=(const QuietLog&) = delete;

private:
    const Functions& functions_;
};

}  // namespace alkali::models::kim
